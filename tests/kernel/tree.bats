#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/kernel-tree: from the repository's files to commits in a tree of Linux and back. Both are small here:
# a "Linux" of a few files, and a repository with the scripts and two directories of ours.

bats_require_minimum_version 1.5.0
# shellcheck disable=SC2154 # variables of bats
setup()
{
	local top=$BATS_TEST_DIRNAME/../..

	cd "$BATS_TEST_TMPDIR" || return
	export TEST_CACHE=$PWD/cache LINUX=$PWD/linux HOME=$PWD
	export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
	mkdir -p linux/kernel repo/scripts repo/kernel/ve/include/linux repo/kernel/ve/selftests repo/kernel-patches/6.12
	cp "$top"/scripts/kernel-{tree,series.bash} "$top/scripts/archive.bash" repo/scripts/
	printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 9\n' >linux/Makefile
	seq 40 >linux/kernel/fork.c
	seq 50 >linux/kernel/exit.c
	echo 'void ve(void);' >repo/kernel/ve/include/linux/ve.h
	echo 'int ve;' >repo/kernel/ve/ve.c
	echo 'about the repository' >repo/kernel/ve/README.md
	echo 'not in the overlay' >repo/kernel/ve/selftests/test.c
	echo 6.12.9 >repo/kernel-patches/6.12/BASE
	cat >repo/kernel-patches/6.12/overlay <<-'EOF'
		# a comment
		kernel/ve/include/linux	include/linux	ve: the header
		kernel/ve	kernel/ve	ve: the object
	EOF
	repo/scripts/kernel-tree make tree >/dev/null
	hook fork 20 "ve: fork: count"
	hook exit 30 "ve: exit: count"
	repo/scripts/kernel-tree sync tree >/dev/null
}

# hook FILE LINE SUBJECT: a commit in the tree.
hook()
{
	sed -i "$2s/.*/ve_$1();/" "tree/kernel/$1.c"
	git -C tree commit -qam "$3" -m "Here, because."
}

mails() { (cd repo/kernel-patches/6.12 && echo *.patch); }

@test "kernel-tree: a commit for each line of the overlay and each hook, and synced it is what it was made from" {
	cp -a repo before
	rm -rf tree
	repo/scripts/kernel-tree make tree
	[ "$(git -C tree log --reverse --format=%s | paste -sd,)" = \
		"Linux 6.12.9,ve: the header,ve: the object,ve: fork: count,ve: exit: count" ]
	[ "$(cd tree && find kernel include -type f | sort | paste -sd' ')" = \
		"include/linux/ve.h kernel/exit.c kernel/fork.c kernel/ve/ve.c" ]
	[ "$(sed -n 20p tree/kernel/fork.c)" = "ve_fork();" ]
	repo/scripts/kernel-tree sync tree
	diff -r before repo
}

@test "kernel-tree: commits come back, new files to our directories and hooks as mails" {
	[ "$(mails)" = "0001-ve-fork-count.patch 0002-ve-exit-count.patch" ]
	echo 'int bind;' >tree/kernel/ve/bind.c
	git -C tree rm -q include/linux/ve.h
	sed -i '21s/.*/ve_more();/' tree/kernel/fork.c
	git -C tree add kernel/ve/bind.c
	git -C tree commit -qam "ve: fork: more" -m "One commit, both kinds."
	repo/scripts/kernel-tree sync tree
	[ "$(cat repo/kernel/ve/bind.c)" = "int bind;" ]
	[ ! -e repo/kernel/ve/include/linux/ve.h ]
	[ -e repo/kernel/ve/README.md ] && [ -e repo/kernel/ve/selftests/test.c ]
	[ "$(mails)" = "0001-ve-fork-count.patch 0002-ve-exit-count.patch 0003-ve-fork-more.patch" ]
	[ "$(grep -c bind.c repo/kernel-patches/6.12/0003-ve-fork-more.patch)" -eq 0 ]
	grep -q '^+ve_more' repo/kernel-patches/6.12/0003-ve-fork-more.patch
	git -C tree reset -q --hard HEAD~2
	repo/scripts/kernel-tree sync tree
	[ "$(mails)" = "0001-ve-fork-count.patch" ]
}

@test "kernel-tree: what is not committed, or has no line in the overlay, is refused and changes nothing" {
	cp -a repo before
	echo 'int x;' >>tree/kernel/ve/ve.c
	run -20 repo/scripts/kernel-tree sync tree
	[[ $output == *"'tree' has changes that are not committed"* ]]
	mkdir -p tree/mm
	echo 'int y;' >tree/mm/ve.c
	git -C tree add mm
	git -C tree commit -qam "ve: mm"
	run -21 repo/scripts/kernel-tree sync tree
	[[ $output == *"'mm/ve.c' is new, and no line of the overlay is for its directory"* ]]
	run -20 repo/scripts/kernel-tree make tree
	[[ $output == *"'tree' is there already"* ]]
	run -21 repo/scripts/kernel-tree sync linux
	[[ $output == *"'linux' was not made by kernel-tree"* ]]
	diff -r before repo
}

@test "kernel-tree: a hook whose surroundings have changed is refused" {
	sed -i '19s/.*/changed/' linux/kernel/fork.c
	run -21 repo/scripts/kernel-tree make other
	[[ $output == *"the hooks do not apply"* ]]
}

@test "kernel-tree: the series goes on a bare git tree, which may also be LINUX itself" {
	repo/scripts/kernel-tree series mails
	git -C linux init -q
	git -C linux add .
	git -C linux commit -qm Linux
	git -C linux tag v6.12.9
	git -C linux commit -q --allow-empty -m "later"
	git clone -q linux bare
	git -C bare am -q "$PWD"/mails/*.patch
	repo/scripts/kernel-tree make other
	[ "$(git -C other rev-parse HEAD~4)" = "$(git -C linux rev-parse v6.12.9)" ]
	[ "$(git -C other rev-parse 'HEAD^{tree}')" = "$(git -C bare rev-parse 'HEAD^{tree}')" ]
	repo/scripts/kernel-tree sync other
}
