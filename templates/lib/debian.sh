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

# "Origin|suite|URI" of all package indexes apt is configured for. Origin is known once apt-get update
# has run; before that apt leaves the word as it is.
debian_host_indexes()
{
	# shellcheck disable=SC2016 # for apt, not for the shell
	apt-get indextargets --format '$(ORIGIN)|$(RELEASE)|$(REPO_URI)' \
		'Created-By: Packages' 'Component: main' 2>/dev/null || true
}

# The URI for ordinary ("main") or security updates ("security") suites. Indexes known to be Debian's
# win over those that merely have a suite by a name of Debian's.
debian_choose_mirror()
{
	debian_host_indexes | awk -F'|' -v want="$1" '
		{ security = $2 ~ /-security$|\/updates$/ }
		(want == "security") != security { next }
		$3 !~ /^(https?|mirror\+file):/ { next }
		$1 == "Debian" { score = 2 }
		$1 != "Debian" { score = 0 }
		$1 ~ /ORIGIN/ && $2 ~ /^(bullseye|bookworm|trixie|forky|sid|(old)*stable|testing|unstable)([-\/]|$)/ {
			score = 1
		}
		score > best { best = score; uri = $3 }
		END { print uri }'
}

# A list of mirrors in a file on this host (Debian's cloud images have that) means nothing inside a
# container: take the first of the list.
debian_mirror()
{
	uri=$(debian_choose_mirror "$1")
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

	mirror=${VZ_DEBIAN_MIRROR:-$(debian_mirror main)}
	security=${VZ_DEBIAN_SECURITY_MIRROR:-$(debian_mirror security)}
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
	ZSTD_CLEVEL=9 ZSTD_NBTHREADS=0 mmdebstrap --mode=root --variant=minbase --include="${include%,}" \
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
