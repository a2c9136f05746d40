# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Debian templates, made by mmdebstrap. A recipe's build script sources this and calls
#
#	debian_build SUITE OUTPUT [PACKAGE…]
#
# The packages come from the mirrors this machine's own apt uses, with the suite exchanged; none is
# named here. VZ_DEBIAN_MIRROR and VZ_DEBIAN_SECURITY_MIRROR (URIs) take precedence, for hosts that
# are no Debian. What the container gets in its own sources is the same mirror.

debian_packages='systemd-sysv dbus libpam-systemd openssh-server iproute2 iputils-ping procps cron
	ifupdown less vim-tiny ca-certificates netbase'

# "suite URI" of all indexes apt has that are Debian's own.
debian_indexes()
{
	# shellcheck disable=SC2016 # for apt, not for the shell
	apt-get "$@" indextargets --format '$(ORIGIN)|$(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' 'Component: main' 2>/dev/null | sed -n 's/^Debian|//p'
}

# The same for this machine. What its sources are apt knows once they were fetched; where nobody has done
# that yet, fetch them on the side.
debian_host_indexes()
{
	command -v apt-get >/dev/null || return 0
	if [ -z "$(debian_indexes)" ]; then
		mkdir -p "$TMPDIR/lists/partial"
		# One source of several that cannot be reached is no reason to give up; without any index the
		# build says that there is no mirror.
		apt-get -q -o "Dir::State::Lists=$TMPDIR/lists" update >&2 || true
		debian_indexes -o "Dir::State::Lists=$TMPDIR/lists"
	else
		debian_indexes
	fi
}

# debian_choose_mirror KIND INDEXES: the URI for ordinary ("main") suites or for security updates.
debian_choose_mirror()
{
	printf '%s\n' "$2" | awk -v want="$1" '
		$2 !~ /^(https?|mirror\+file):/ { next }
		(want == "security") == ($1 ~ /-security$|\/updates$/) { print $2; exit }'
}

# A list of mirrors in a file on this host (Debian's cloud images have that) means nothing inside a
# container: take the first of the list. Arguments as above.
debian_mirror()
{
	uri=$(debian_choose_mirror "$1" "$2")
	case $uri in
	mirror+file:*)
		list=/${uri#mirror+file:}
		list=${list%/}
		uri=$(awk '/^https?:/ { print $1; exit }' "$list" 2>/dev/null || true)
		;;
	esac
	printf '%s\n' "${uri%/}"
}

# What this machine tells apt about getting there (proxy, certificates, clocks that are off).
debian_apt_settings()
{
	apt-config dump | grep -E '^Acquire::(http|https|ForceIPv[46]|Check-Valid-Until|Check-Date)' || true
	echo 'Acquire::Languages "none";'
	echo 'Acquire::Retries "3";'
}

debian_stanza()
{
	printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$1" "$2"
	printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n'
}

debian_build()
{
	suite=$1 output=$2
	shift 2
	lib=${0%/*}/../lib

	mirror=${VZ_DEBIAN_MIRROR-}
	security=${VZ_DEBIAN_SECURITY_MIRROR-}
	if [ -z "$mirror" ]; then
		indexes=$(debian_host_indexes)
		mirror=$(debian_mirror main "$indexes")
		security=${security:-$(debian_mirror security "$indexes")}
	fi
	if [ -z "$mirror" ]; then
		echo "no Debian mirror in this machine's apt sources; set VZ_DEBIAN_MIRROR to the URI of one" >&2
		return 1
	fi
	echo "phase: mirror $mirror"

	# Read by mmdebstrap now and by debian-finish later, which puts it into the container.
	VZ_SOURCES=$TMPDIR/debian.sources
	VZ_APT_SETTINGS=$TMPDIR/apt.conf
	export VZ_SOURCES VZ_APT_SETTINGS
	debian_stanza "$mirror" "$suite $suite-updates" >"$VZ_SOURCES"
	if [ -n "$security" ]; then
		debian_stanza "$security" "$suite-security" >>"$VZ_SOURCES"
	else
		echo "no mirror with Debian's security updates in this machine's apt sources, going on without"
	fi
	debian_apt_settings >"$VZ_APT_SETTINGS"

	# Otherwise Debian 12 pulls in perl to move /bin and friends below /usr.
	merged=/usr/share/mmdebstrap/hooks/maybe-merged-usr
	[ -d "$merged" ] || merged=

	# Manuals and translations of what is in the template stay out, licences stay. The filter ends with
	# the build: what is installed or upgraded later comes complete.
	# shellcheck disable=SC2086 # a list of words
	set -- $debian_packages "$@"
	include=$(printf '%s,' "$@")
	# /dev is made at each start; nodes in the archive would only be left out with a warning.
	ZSTD_CLEVEL=9 ZSTD_NBTHREADS=0 mmdebstrap --mode=root --variant=minbase --skip=output/dev --include="${include%,}" \
		${merged:+--hook-dir="$merged"} --aptopt="$VZ_APT_SETTINGS" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-include=/usr/share/locale/locale.alias' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--customize-hook="$lib/debian-finish" \
		"$suite" "$output" "$VZ_SOURCES"
}
