# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# SET_HOSTNAME: give the container its name, in /etc/hostname and where older systems keep it.
#
#	VE_STATE	what the container does: starting, running …
#	HOSTNM		the name, with or without a domain
#	IP_ADDR		its first address without mask; may be empty
#
# In /etc/hosts the name gets a line of its own, marked as OpenVZ has always done, so that it is found
# again. Lines of the user stay; Debian's 127.0.1.1 for the name before this one goes.

set -eu

marker='# Auto-generated hostname. Please do not remove this comment.'

set_hosts()
{
	old=$1
	names=$HOSTNM
	[ "${HOSTNM%%.*}" = "$HOSTNM" ] || names="$HOSTNM ${HOSTNM%%.*}"
	[ "$HOSTNM" != localhost ] || names=
	ours="${IP_ADDR:-127.0.1.1} $names  $marker
"
	[ -n "$names" ] || ours=
	text=

	# Lists of names to be blocked are that long: the container starts all the same.
	read_file /etc/hosts || return 0
	[ -n "$file_text" ] || file_text='127.0.0.1	localhost
::1		localhost
'
	rest=$file_text
	while [ -n "$rest" ]; do
		line=${rest%%"
"*}
		rest=${rest#*"
"}
		case $line in
		*"$marker") continue ;;
		127.0.1.1[\ \	]*)
			# shellcheck disable=SC2086 # words
			set -- $line
			if [ "${2-}" = "$old" ] || [ "${3-}" = "$old" ]; then
				continue
			fi
			;;
		esac
		text="$text$line
"
	done
	replace_file /etc/hosts "$text$ours"
}

# set_line FILE KEY: where FILE says the name in a line KEY=…, that line. It would win over /etc/hostname.
set_line()
{
	[ -f "$1" ] && read_file "$1" || return 0
	text=
	rest=$file_text
	while [ -n "$rest" ]; do
		line=${rest%%"
"*}
		rest=${rest#*"
"}
		case $line in
		"$2"=*) line="$2=\"$HOSTNM\"" ;;
		esac
		text="$text$line
"
	done
	replace_file "$1" "$text"
}

# A container that starts has its name already; asking costs less than starting a program.
set_kernel_name()
{
	name=
	if [ -f /proc/sys/kernel/hostname ]; then
		IFS= read -r name </proc/sys/kernel/hostname || true
	fi
	if [ "$name" != "$HOSTNM" ] && has_program hostname; then
		hostname "$HOSTNM"
	fi
}

if [ -n "${HOSTNM-}" ]; then
	old_name=
	if read_file /etc/hostname; then
		old_name=${file_text%%"
"*}
	fi
	[ -n "$old_name" ] || old_name=$HOSTNM
	set_hosts "$old_name"
	replace_file /etc/hostname "$HOSTNM
"
	set_line /etc/sysconfig/network HOSTNAME	# Red Hat before systemd
	set_line /etc/conf.d/hostname hostname		# Gentoo
	if [ -f /etc/HOSTNAME ] && [ ! -L /etc/HOSTNAME ]; then
		replace_file /etc/HOSTNAME "$HOSTNM
"
	fi
	case ${VE_STATE-} in
	starting | running) set_kernel_name ;;
	esac
fi
