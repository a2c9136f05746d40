# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# SET_USERPASS for the template "minimal", whose BusyBox has no chpasswd and no adduser.
#
#	USERPW		user:password …, separated by blanks
#
# Passwords travel on pipes only: arguments are visible to everybody in the container.

set -eu

# line_of FILE USER: the user's line in $found, empty if there is none; all others in $others.
# shellcheck disable=SC2154 # file_text comes from functions
line_of()
{
	found=
	others=
	read_file "$1"
	rest=$file_text
	while [ -n "$rest" ]; do
		line=${rest%%"
"*}
		rest=${rest#*"
"}
		case $line in
		"$2":*) found=$line ;;
		*) others="$others$line
" ;;
		esac
	done
}

# The first id from 1000 on that no user and no group has. From texts: a file may be no file.
free_id()
{
	id=1000
	read_file /etc/passwd
	taken=$file_text
	read_file /etc/group
	taken=$taken$file_text
	while printf '%s' "$taken" | grep -q "^[^:]*:[^:]*:$id:"; do
		id=$((id + 1))
	done
}

make_user()
{
	free_id
	read_file /etc/group
	replace_file /etc/group "$file_text$1:x:$id:
"
	read_file /etc/passwd
	replace_file /etc/passwd "$file_text$1:x:$id:$id::/home/$1:/bin/sh
"
	mkdir -p "/home/$1"
	chmod 0700 "/home/$1"
	chown "$id:$id" "/home/$1"
}

set_password()
{
	hash=$(printf '%s\n' "$2" | mkpasswd -m sha512 -P 0) || error "the password of user '$1' cannot be set"
	line_of /etc/shadow "$1"
	days=$(($(date +%s) / 86400))
	aging=":0:99999:7:::"
	if [ -n "$found" ]; then
		aging=${found#*:*:*:}
		aging=":$aging"
	fi
	replace_file /etc/shadow "$others$1:$hash:$days$aging
" 0600
}

for pair in ${USERPW-}; do
	user=${pair%%:*}
	case $pair in
	?*:?*) ;;
	*) error "no user:password for '$user'" ;;
	esac
	case $user in
	*[!A-Za-z0-9._-]* | [!A-Za-z_]*) error "'$user' is no name for a user" ;;
	esac
	line_of /etc/passwd "$user"
	[ -n "$found" ] || make_user "$user"
	set_password "$user" "${pair#*:}"
done
