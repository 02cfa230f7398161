package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// complete adds to a root what a sandbox expects in it.
func complete(dir string, c v1.Config) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	l := &layer{root: root, added: map[string]bool{}}
	defer l.leave()
	for _, name := range []string{"proc", "dev"} { // mounts come here, so they are not left to the image
		if err := root.RemoveAll(name); err != nil {
			return fmt.Errorf("cannot make /%s of the image: %w", name, err)
		}
	}
	for _, name := range []string{"proc", "dev", "tmp", "etc", clean(c.WorkingDir)} {
		if err := l.enter(name); err != nil {
			return fmt.Errorf("cannot make /%s of the image: %w", name, err)
		}
	}
	if b, err := read(root, "etc/hosts", 1); err == nil && len(b) > 0 {
		return nil
	}
	if err := l.enter("etc"); err != nil {
		return err
	}
	if err := l.away("hosts"); err != nil {
		return err
	}
	if err := l.dir.WriteFile("hosts", []byte("127.0.0.1 localhost\n"), 0o644); err != nil {
		return fmt.Errorf("cannot write /etc/hosts of the image: %w", err)
	}
	return l.give(l.dir, "hosts", 0, 0)
}

// Command is the image with a program to run in it.
type Command struct {
	Entrypoint []string // in place of the image's own
	Args       []string // in place of its own
	Env        []string // "NAME=value" each, before the image's own
}

// Spec says how the image runs: its program, environment, directory and user.
// Source: https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
func (r *Root) Spec(c Command) (compute.Spec, error) {
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		return compute.Spec{}, fmt.Errorf("cannot open the image: %w", err)
	}
	defer func() { _ = root.Close() }()
	s := compute.Spec{Root: r.Dir, Mapped: true, Env: append(c.Env[:len(c.Env):len(c.Env)], r.Config.Env...), Dir: path.Clean("/" + r.Config.WorkingDir)}
	args := c.Args
	if c.Entrypoint != nil {
		args = append(c.Entrypoint[:len(c.Entrypoint):len(c.Entrypoint)], args...)
	} else {
		if args == nil {
			args = r.Config.Cmd
		}
		args = append(r.Config.Entrypoint[:len(r.Config.Entrypoint):len(r.Config.Entrypoint)], args...)
	}
	if len(args) == 0 || args[0] == "" {
		return s, errors.New("the image names no program: it has neither an ENTRYPOINT nor a CMD")
	}
	program, err := find(root, args[0], s.Dir, value(s.Env, "PATH"))
	if err != nil {
		return s, err
	}
	s.Args = append([]string{program}, args[1:]...)
	u, err := who(root, r.Config.User)
	if err != nil {
		return s, err
	}
	s.User, s.Group = u.id, u.group
	if value(s.Env, "HOME") == "" {
		s.Env = append(s.Env, "HOME="+u.home)
	}
	return s, nil
}

// value is the last of a name in an environment.
func value(env []string, name string) (v string) {
	for _, e := range env {
		if n, value, _ := strings.Cut(e, "="); n == name {
			v = value
		}
	}
	return v
}

// find is where a program is inside.
func find(root *os.Root, name, dir, search string) (string, error) {
	places := strings.Split(search, ":")
	if strings.Contains(name, "/") {
		places = []string{dir}
		if path.IsAbs(name) {
			places = []string{"/"}
		}
	}
	for _, place := range places {
		if !path.IsAbs(place) {
			place = path.Join(dir, place)
		}
		full := path.Join(place, name)
		at, err := resolve(root, full)
		if err != nil {
			continue
		}
		if st, err := root.Lstat(at); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	return "", fmt.Errorf("the image has no program %q: %w", name, fs.ErrNotExist)
}

type user struct {
	id, group int
	home      string
}

// maxAccounts is how much of /etc/passwd and /etc/group is read, in bytes.
const maxAccounts = 1 << 20

// who finds a user, "name", "name:group", "id" or "id:group".
func who(root *os.Root, text string) (u user, err error) {
	name, group, grouped := strings.Cut(text, ":")
	if name == "" {
		name = "0"
	}
	u.home = "/"
	id, notNumber := strconv.Atoi(name)
	found := false
	passwd, _ := read(root, "etc/passwd", maxAccounts)
	for line := range strings.Lines(string(passwd)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 6 || f[0] != name && (notNumber != nil || f[2] != name) {
			continue
		}
		uid, err1 := strconv.Atoi(f[2])
		gid, err2 := strconv.Atoi(f[3])
		if err1 == nil && err2 == nil {
			u.id, u.group, u.home, found = uid, gid, f[5], true
			break
		}
	}
	if !found {
		if notNumber != nil {
			return u, fmt.Errorf("the image has no user %q", name)
		}
		u.id = id
	}
	if grouped {
		if u.group, err = groupID(root, group); err != nil {
			return u, err
		}
	}
	if u.id < 0 || u.id > maxUser || u.group < 0 || u.group > maxUser {
		return u, fmt.Errorf("the image's user %q is none from 0 to %d", text, maxUser)
	}
	return u, nil
}

func groupID(root *os.Root, name string) (int, error) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, nil
	}
	groups, _ := read(root, "etc/group", maxAccounts)
	for line := range strings.Lines(string(groups)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) >= 3 && f[0] == name {
			if id, err := strconv.Atoi(f[2]); err == nil {
				return id, nil
			}
		}
	}
	return 0, fmt.Errorf("the image has no group %q", name)
}
