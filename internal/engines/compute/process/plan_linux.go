package process

import (
	"encoding/binary"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// plan is a list of commands to a sandbox's first process; init_linux.c has their meaning.
type plan struct {
	buf   []byte
	trees int // how many 'B' commands have been given to the sandbox
}

func (p *plan) add(op byte, fields ...string) {
	at := len(p.buf)
	p.buf = append(p.buf, op, 0, 0, 0, 0)
	for _, f := range fields {
		p.buf = append(p.buf, strings.ReplaceAll(f, "\x00", "")...)
		p.buf = append(p.buf, 0)
	}
	binary.NativeEndian.PutUint32(p.buf[at+1:], uint32(len(p.buf)-at-5))
}

func (p *plan) raw(op byte, data []byte) {
	p.buf = append(p.buf, op)
	p.buf = binary.NativeEndian.AppendUint32(p.buf, uint32(len(data)))
	p.buf = append(p.buf, data...)
}

// open takes a path of the machine and returns the number by which show names it.
func (p *plan) open(source, flags string) string {
	if abs, err := filepath.Abs(source); err == nil { // the first process has a working directory of its own
		source = abs
	}
	p.add('B', source, flags)
	p.trees++
	return strconv.Itoa(p.trees - 1)
}

// bind shows a path of the machine at a target.
func (p *plan) bind(source, target, flags string) { p.add('A', p.open(source, flags), target) }

// Directories at the top that are the system's; links are made as they are.
var systemDirs = []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"}

// What of /etc programs need: the loader, certificates, names of services, time zones.
var systemFiles = []string{
	"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "ssl/certs", "ssl/openssl.cnf", "pki/tls", "pki/ca-trust", "ca-certificates",
	"crypto-policies", "localtime", "timezone", "mime.types", "nsswitch.conf", "protocols", "services", "gai.conf", "magic",
}

var devices = []string{"null", "zero", "full", "random", "urandom"}

// system makes a root of the machine's own system.
func (p *plan) system(root string, network compute.Network) {
	p.add('M', "tmpfs", "root", root, "mode=0755,size=1m")
	for _, dir := range systemDirs {
		if to, err := os.Readlink(dir); err == nil {
			p.add('Y', to, root+dir)
		} else if there(dir) {
			p.bind(dir, root+dir, "")
		}
	}
	for _, name := range systemFiles {
		if there("/etc/" + name) {
			p.bind("/etc/"+name, root+"/etc/"+name, "")
		}
	}
	if network == compute.Host {
		for _, name := range []string{"hosts", "resolv.conf"} {
			if there("/etc/" + name) {
				p.bind("/etc/"+name, root+"/etc/"+name, "")
			}
		}
	} else {
		p.add('W', root+"/etc/hosts", "127.0.0.1 localhost\n")
		p.add('W', root+"/etc/resolv.conf", "")
	}
	p.places(root)
	for _, dir := range []string{"/var", "/run", "/root", "/home", "/opt"} {
		p.add('D', root+dir, "0755")
	}
	p.add('Y', "/tmp", root+"/var/tmp")
}

// placed refuses a root in which links lead to the machine: what is mounted there is mounted by the server.
func placed(root string) error {
	for _, name := range []string{"proc", "dev"} {
		if st, err := os.Lstat(filepath.Join(root, name)); err == nil && !st.IsDir() {
			return fmt.Errorf("cannot use %s: /%s is no directory", root, name)
		}
	}
	return nil
}

// image makes a root of an unpacked image with a fresh layer on top, as containers have it.
func (p *plan) image(root string, spec compute.Spec) {
	image := spec.Root
	if abs, err := filepath.Abs(image); err == nil {
		image = abs
	}
	scratch, options := filepath.Dir(root)+"/scratch", ""
	p.add('M', "tmpfs", "scratch", scratch, "mode=0755,size="+strconv.Itoa(compute.DefaultTmpMB)+"m")
	if base := base(spec); base > 0 {
		p.add('o', strconv.Itoa(base))
	}
	if os.Getuid() != 0 {
		options = ",userxattr"
	}
	p.add('D', scratch+"/upper", "0755")
	p.add('D', scratch+"/work", "0755")
	p.add('M', "overlay", "root", root, "lowerdir="+escapeLower(image)+",upperdir="+scratch+"/upper,workdir="+scratch+"/work"+options)
	p.places(root)
}

// base is where a program's own users begin on the machine, 0: they are the machine's.
func base(spec compute.Spec) int {
	if spec.Mapped && os.Getuid() == 0 {
		return compute.FirstUser
	}
	return 0
}

var overlayEscapes = strings.NewReplacer(`\`, `\\`, ":", `\:`, ",", `\,`)

func escapeLower(dir string) string { return overlayEscapes.Replace(dir) }

// places makes /proc and /dev.
func (p *plan) places(root string) {
	p.add('M', "proc", "proc", root+"/proc", "")
	p.add('M', "tmpfs", "dev", root+"/dev", "mode=0755,size=64k")
	for _, name := range devices {
		p.bind("/dev/"+name, root+"/dev/"+name, "wd")
	}
	for name, to := range map[string]string{"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"} {
		p.add('Y', "/proc/self/fd"+to, root+"/dev/"+name)
	}
	p.add('D', root+"/dev/shm", "01777")
	p.add('M', "tmpfs", "shm", root+"/dev/shm", "mode=1777,size=64m")
}

// program adds what a Spec asks for on top of the root, and starts it.
func (p *plan) program(root string, spec compute.Spec, grouped bool) {
	user, group := spec.IDs()
	if os.Getuid() != 0 {
		user, group = 0, 0 // the one user that this server may be inside
	}
	shown := make([]string, len(spec.Mounts))
	for i, m := range spec.Mounts {
		if m.Source != "" {
			flags := ""
			if m.Write {
				flags = "w"
			}
			shown[i] = p.open(m.Source, flags)
		}
	}
	p.add('C', root)
	p.add('V')
	base := base(spec)
	own := ",uid=" + strconv.Itoa(base+user) + ",gid=" + strconv.Itoa(base+group)
	p.add('M', "tmpfs", "tmp", "/tmp", "mode=1777,size="+megabytes(spec.Limits.TmpMB, compute.DefaultTmpMB)+own)
	for i, m := range spec.Mounts {
		target := path.Clean("/" + m.Target)
		if m.Source != "" {
			p.add('A', shown[i], target)
		} else {
			p.add('M', "tmpfs", "fresh", target, "mode=0755,size="+megabytes(m.SizeMB, compute.DefaultTmpMB)+own)
		}
	}
	if spec.Root == "" {
		u := strconv.Itoa(user)
		p.add('W', "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nsandbox:x:"+u+":"+u+":sandbox:/tmp:/bin/sh\n")
		p.add('W', "/etc/group", "root:x:0:\nsandbox:x:"+u+":\n")
		p.add('R', "/")
	}
	if name := spec.Name; name != "" {
		p.add('N', name[:min(len(name), 63)])
	}
	p.limits(spec.Limits, grouped)
	p.add('u', strconv.Itoa(user), strconv.Itoa(group), strconv.Itoa(base))
	if spec.Dir != "" {
		p.add('d', spec.Dir)
	}
	if spec.Stdout != nil && spec.Stdout == spec.Stderr {
		p.add('m')
	}
	p.add('e', spec.Env...)
	p.add('a', spec.Args...)
	p.raw('f', filter)
	p.add('!')
}

// limits adds what rlimits can hold; memory and processes only where no cgroup holds them.
func (p *plan) limits(l compute.Limits, grouped bool) {
	f := func(resource int, n uint64) {
		text := strconv.FormatUint(n, 10)
		p.add('l', strconv.Itoa(resource), text, text)
	}
	files := l.Files
	if files == 0 {
		files = compute.DefaultFiles
	}
	f(unix.RLIMIT_NOFILE, uint64(files))
	f(unix.RLIMIT_CORE, 0)
	if grouped {
		return
	}
	if l.MemoryMB > 0 {
		f(unix.RLIMIT_DATA, uint64(l.MemoryMB)<<20)
	}
	f(unix.RLIMIT_NPROC, uint64(processes(l)))
}

func processes(l compute.Limits) int {
	if l.Processes == 0 {
		return compute.DefaultProcesses
	}
	return l.Processes
}

func megabytes(n, standard int) string {
	if n == 0 {
		n = standard
	}
	return strconv.Itoa(n) + "m"
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
