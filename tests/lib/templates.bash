# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2034,SC2154
#
# What the tests of templates share: archives made from a few lines of text, also such as no honest
# program makes, and running the unpacker on them.

# The base of the id range used here; what lands on disk must not depend on it.
UNPACK_BASE=1700000000

# make_archive FILE: a tar archive (compressed as the name says) from lines on standard input:
#
#	file NAME [TEXT]   dir NAME   link NAME TARGET   hard NAME TARGET   fifo NAME
#	char NAME MAJOR MINOR   block NAME MAJOR MINOR
#	sparse NAME SIZE		a file that is one hole of SIZE bytes with a byte at its end
#	bytes NAME [TEXT]	a file; the name is bytes of no encoding, as old programs write it
#
# and, on any of them, uid=N gid=N mode=OCTAL mtime=N x:ATTRIBUTE=VALUE acl.access=TEXT
# acl.default=TEXT. In a VALUE, \xNN stands for a byte.
make_archive()
{
	python3 -c "$make_archive_py" "$1"
}

make_archive_py='
import io, sys, tarfile

path = sys.argv[1]
mode = {"zst": "w", "gz": "w:gz", "xz": "w:xz", "bz2": "w:bz2"}.get(path.rsplit(".", 1)[-1], "w")
tar = tarfile.open(path, mode, format=tarfile.PAX_FORMAT)
types = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
         "bytes": tarfile.REGTYPE, "fifo": tarfile.FIFOTYPE, "char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE, "sparse": tarfile.REGTYPE}
for line in sys.stdin:
    words = line.split()
    if not words:
        continue
    kind, name, rest = words[0], words[1], words[2:]
    raw = name.encode().decode("unicode_escape").encode("latin-1")
    m = tarfile.TarInfo(raw.decode("utf-8", "surrogateescape" if kind == "bytes" else "strict"))
    m.type = types[kind]
    m.mode = 0o755 if kind == "dir" else 0o644
    m.mtime = 1000000000
    data, plain = b"", []
    for w in rest:
        key, eq, value = w.partition("=")
        if eq and key in ("uid", "gid", "mtime"):
            setattr(m, key, int(value))
        elif eq and key == "mode":
            m.mode = int(value, 8)
        elif eq and key.startswith("x:"):
            m.pax_headers["SCHILY.xattr." + key[2:]] = value.encode().decode("unicode_escape").encode("latin-1").decode(
                "utf-8", "surrogateescape")
        elif eq and key.startswith("acl."):
            m.pax_headers["SCHILY." + key] = value
        else:
            plain.append(w)
    if kind in ("link", "hard"):
        m.linkname = plain[0]
    elif kind in ("char", "block"):
        m.devmajor, m.devminor = int(plain[0]), int(plain[1])
    elif kind in ("file", "bytes"):
        data = " ".join(plain).encode()
    elif kind == "sparse":
        size = int(plain[0])
        m.pax_headers.update({"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(size),
                              "GNU.sparse.name": m.name, "GNU.sparse.numblocks": "1",
                              "GNU.sparse.map": "%d,1" % (size - 1)})
        data = b"x"
    m.size = len(data)
    tar.format = tarfile.GNU_FORMAT if kind == "bytes" else tarfile.PAX_FORMAT
    tar.addfile(m, io.BytesIO(data))
tar.close()
'

# unpack [OPTION…] ARCHIVE DIR: with the id range of these tests.
unpack()
{
	"$BUILD/libexec/vz-unpack" --uid $UNPACK_BASE --gid $UNPACK_BASE --count 65536 "$@"
}

# unpack_slowly: start unpacking into $DIR what is written to descriptor 7, and wait until the sandbox is
# up. The two processes in $outer and $inner.
unpack_slowly()
{
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	"$BUILD/libexec/vz-unpack" --uid $UNPACK_BASE --gid $UNPACK_BASE --count 65536 \
		"$BATS_TEST_TMPDIR/pipe" "$DIR" >/dev/null 2>&1 3>&- &
	outer=$!
	exec 7>"$BATS_TEST_TMPDIR/pipe"
	# shellcheck disable=SC2016 # for eval
	wait_for 5 eval 'inner=$(pgrep -P $outer)'
	wait_for 5 grep -q '^NoNewPrivs:.*1' "/proc/$inner/status"
}

# refused TEXT: the archive made from standard input is refused, in one line that holds TEXT.
refused()
{
	make_archive "$BATS_TEST_TMPDIR/hostile.tar"
	split_is 21 unpack "$BATS_TEST_TMPDIR/hostile.tar" "$DIR"
	is "" "$out"
	has "vz-unpack: archive refused: " "$1"
	is 1 "$(printf '%s\n' "$err" | wc -l)"
}

# accepted: the archive made from standard input is unpacked into $DIR. Its output in $out and $err.
accepted()
{
	make_archive "$BATS_TEST_TMPDIR/good.tar"
	split_is 0 unpack "$BATS_TEST_TMPDIR/good.tar" "$DIR"
}

# Type, octal mode, owner and group of a file, as the disk has them.
attributes() { stat -c '%F %a %u:%g' "$1"; }
