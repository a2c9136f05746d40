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
		useradd -m -s "$shell" "$1" </dev/null
	elif has_program adduser; then
		adduser -D "$1" </dev/null
	else
		error "user '$1' does not exist, and there is neither useradd nor adduser to make it"
	fi || error "user '$1' cannot be made"
}

# By the text: what is no plain file would block.
# shellcheck disable=SC2154 # file_text comes from functions
user_exists()
{
	read_file /etc/passwd
	case "
$file_text" in
	*"
$1:"*) return 0 ;;
	esac
	return 1
}

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
