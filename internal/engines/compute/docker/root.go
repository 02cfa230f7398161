package docker

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// pack writes a root directory as an archive, with the owners that its files have inside.
func pack(dir string, mapped bool, w io.Writer) error {
	t := tar.NewWriter(w)
	seen := map[uint64]string{} // by inode: names of one file
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		to := ""
		if i.Mode()&fs.ModeSymlink != 0 {
			if to, err = os.Readlink(path); err != nil {
				return err
			}
		}
		h, err := tar.FileInfoHeader(i, to)
		if err != nil {
			return err
		}
		h.Name, h.Uname, h.Gname = name, "", ""
		if d.IsDir() {
			h.Name += "/"
		}
		st, ok := i.Sys().(*syscall.Stat_t)
		if ok && i.Mode().IsRegular() && st.Nlink > 1 {
			if first, there := seen[uint64(st.Ino)]; there {
				h.Typeflag, h.Linkname, h.Size = tar.TypeLink, first, 0
			} else {
				seen[uint64(st.Ino)] = name
			}
		}
		if h.Uid -= compute.FirstUser; h.Uid < 0 || !mapped {
			h.Uid = 0
		}
		if h.Gid -= compute.FirstUser; h.Gid < 0 || !mapped {
			h.Gid = 0
		}
		if err := t.WriteHeader(h); err != nil || h.Typeflag != tar.TypeReg {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(t, f)
		return errors.Join(err, f.Close())
	})
	return errors.Join(err, t.Close())
}

// idle is an image with a program that does nothing, whose network others use.
func idle() ([]byte, error) {
	code, machine := []byte{0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7}, uint16(62) // pause(), again and again
	if runtime.GOARCH == "arm64" {
		machine, code = 183, nil
		for _, in := range []uint32{0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800928, 0xd4000001, 0x17fffffa} { // ppoll() of nothing
			code = binary.LittleEndian.AppendUint32(code, in)
		}
	}
	const at, head = 0x400000, 64 + 56
	size := uint64(head + len(code))
	var b bytes.Buffer
	b.Write([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	for _, v := range []any{uint16(2), machine, uint32(1), uint64(at + head), uint64(64), uint64(0), uint32(0), uint16(64), uint16(56), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(5), uint64(0), uint64(at), uint64(at), size, size, uint64(0x1000)} {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	b.Write(code)
	var archive bytes.Buffer
	t := tar.NewWriter(&archive)
	err := t.WriteHeader(&tar.Header{Name: "idle", Mode: 0o755, Size: int64(b.Len())})
	if err == nil {
		_, err = t.Write(b.Bytes())
	}
	return archive.Bytes(), errors.Join(err, t.Close())
}
