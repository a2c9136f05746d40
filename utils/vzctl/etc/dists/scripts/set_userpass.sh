# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# SET_USERPASS: set passwords; a user who is not there is made, with a home directory.
#
#	USERPW		user:password …, separated by blanks
#
# Passwords travel on pipes only: arguments are visible to everybody in the container.

set -eu

make_user()
{
	if has_program useradd; then
		shell=/bin/sh
		[ ! -x /bin/bash ] || shell=/bin/bash
		useradd -m -s "$shell" "$1"
	elif has_program adduser; then
		adduser -D "$1"
	else
		error "user '$1' does not exist, and there is neither useradd nor adduser to make it"
	fi || error "user '$1' cannot be made"
}

user_exists()
{
	[ -f /etc/passwd ] || return 1
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		"$1":*) return 0 ;;
		esac
	done </etc/passwd
	return 1
}

# More than any system has. What is without end would keep chpasswd busy for ever.
for file in /etc/passwd /etc/shadow /etc/group /etc/gshadow; do
	is_small $file 4194304
done
has_program chpasswd || error "there is no chpasswd in this container"
for pair in ${USERPW-}; do
	user=${pair%%:*}
	case $pair in
	?*:?*) ;;
	*) error "no user:password for '$user'" ;;
	esac
	user_exists "$user" || make_user "$user"
	printf '%s\n' "$pair" | chpasswd || error "the password of user '$user' cannot be set"
done
