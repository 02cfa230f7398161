package docker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// DefaultSocket is where a daemon usually is.
const DefaultSocket = "/var/run/docker.sock"

// Config is what the driver needs.
type Config struct {
	// Socket is the daemon's; "" is DefaultSocket.
	Socket string
	// Server names this server among those that use the daemon; its data directory does.
	Server string
	// Else runs programs that have no image.
	Else compute.Driver
}

// Driver starts programs as containers.
type Driver struct {
	cfg    Config
	daemon daemon
	flight singleflight.Group

	mu     sync.Mutex
	all    map[*process]bool
	closed bool
}

// What containers and images of ours are called.
const (
	repository = "atelier-root"
	label      = "studio.atelier.server"
)

// New finds the daemon and removes the containers that a server of that name has left.
func New(ctx context.Context, cfg Config) (*Driver, error) {
	if cfg.Socket == "" {
		cfg.Socket = DefaultSocket
	}
	if os.Getuid() != 0 {
		return nil, fmt.Errorf("cannot use Docker: %w: the server must be root to reach containers", compute.ErrUnsupported)
	}
	d := &Driver{cfg: cfg, daemon: newDaemon(cfg.Socket), all: map[*process]bool{}}
	var old []struct{ ID string }
	filter := fmt.Sprintf(`{"label":[%q]}`, label+"="+cfg.Server)
	if err := d.daemon.call(ctx, http.MethodGet, "/containers/json", url.Values{"all": {"1"}, "filters": {filter}}, nil, &old); err != nil {
		return nil, err
	}
	for _, c := range old {
		d.remove(c.ID)
	}
	return d, nil
}

// Close ends all containers.
func (d *Driver) Close() {
	d.mu.Lock()
	d.closed = true
	var all []*process
	for p := range d.all {
		all = append(all, p)
	}
	d.mu.Unlock()
	for _, p := range all {
		for p.alive() {
			p.Kill()
			select {
			case <-p.Done():
			case <-time.After(100 * time.Millisecond): // it was about to start
			}
		}
	}
}

// removeTime is how long a container may take to go.
const removeTime = 30 * time.Second

func (d *Driver) remove(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), removeTime)
	defer cancel()
	_ = d.daemon.call(ctx, http.MethodDelete, "/containers/"+id, url.Values{"force": {"1"}, "v": {"1"}}, nil, nil)
}

// Start runs a program.
func (d *Driver) Start(ctx context.Context, spec compute.Spec) (compute.Process, error) {
	if spec.Root == "" {
		return d.cfg.Else.Start(ctx, spec)
	}
	if len(spec.Args) == 0 {
		return nil, errors.New("cannot start nothing")
	}
	p, err := d.start(ctx, spec)
	if err != nil {
		if p != nil {
			p.end(compute.Exit{Code: 127})
		}
		return nil, fmt.Errorf("cannot start %s: %w", spec.Args[0], err)
	}
	return p, nil
}

func (d *Driver) start(ctx context.Context, spec compute.Spec) (*process, error) {
	image, err := d.image(ctx, spec)
	if err != nil {
		return nil, err
	}
	p := &process{driver: d, done: make(chan struct{})}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, errors.New("the server is stopping")
	}
	d.all[p] = true
	d.mu.Unlock()
	host := hostConfig(spec)
	if spec.Network == compute.Host {
		host["NetworkMode"] = "host"
	} else {
		if err := d.network(ctx, p, spec); err != nil {
			return p, err
		}
		host["NetworkMode"] = "container:" + p.network
	}
	dir := spec.Dir
	if dir == "" {
		dir = "/"
	}
	user, group := spec.User, spec.Group
	if !spec.Mapped {
		if user == 0 {
			user = compute.DefaultUser
		}
		group = user
	}
	id, err := d.create(ctx, map[string]any{"Image": image, "Entrypoint": []string{}, "Cmd": spec.Args, "Env": spec.Env, "WorkingDir": dir,
		"User": fmt.Sprintf("%d:%d", user, group), "AttachStdout": true, "AttachStderr": true, "HostConfig": host})
	if err != nil {
		return p, err
	}
	p.mu.Lock()
	p.id = id
	p.mu.Unlock()
	return p, p.run(ctx, spec)
}

// create makes a container. It is not broken off: what the daemon has begun would be left.
func (d *Driver) create(ctx context.Context, c map[string]any) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
	defer cancel()
	c["Labels"] = map[string]string{label: d.cfg.Server}
	var made struct{ ID string }
	return made.ID, d.daemon.call(ctx, http.MethodPost, "/containers/create", nil, c, &made)
}

// network makes a network with nothing but its loopback, in which the server listens.
func (d *Driver) network(ctx context.Context, p *process, spec compute.Spec) error {
	archive, err := idle()
	if err != nil {
		return err
	}
	image, err := d.have(ctx, "idle", func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(archive))
		return err
	})
	if err != nil {
		return err
	}
	if p.network, err = d.create(ctx, map[string]any{"Image": image, "Cmd": []string{"/idle"}, "User": "65534:65534", "HostConfig": map[string]any{
		"NetworkMode": "none", "ReadonlyRootfs": true, "CapDrop": []string{"ALL"}, "LogConfig": noLog, "Sysctls": map[string]string{"net.ipv4.ip_unprivileged_port_start": "0"}}}); err != nil {
		return err
	}
	if err := d.daemon.call(ctx, http.MethodPost, "/containers/"+p.network+"/start", nil, nil, nil); err != nil {
		return err
	}
	var about struct{ State struct{ Pid int } }
	if err := d.daemon.call(ctx, http.MethodGet, "/containers/"+p.network+"/json", nil, nil, &about); err != nil {
		return err
	}
	if p.space, err = enter(about.State.Pid); err != nil {
		return err
	}
	for _, l := range spec.Listeners {
		ln, err := p.Listen(l.Port)
		if err != nil {
			return err
		}
		go l.Serve(ln)
	}
	return nil
}

// image gives the daemon's image of a root, and makes it when it isn't there.
func (d *Driver) image(ctx context.Context, spec compute.Spec) (string, error) {
	sum := sha256.Sum256([]byte(spec.Root))
	return d.have(ctx, hex.EncodeToString(sum[:16]), func(w io.Writer) error { return pack(spec.Root, spec.Mapped, w) })
}

func (d *Driver) have(ctx context.Context, tag string, pack func(io.Writer) error) (string, error) {
	name := repository + ":" + tag
	_, err, _ := d.flight.Do(tag, func() (any, error) {
		err := d.daemon.call(ctx, http.MethodGet, "/images/"+name+"/json", nil, nil, nil)
		var f *fault
		if !errors.As(err, &f) || f.status != http.StatusNotFound {
			return nil, err
		}
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(pack(w)) }()
		defer func() { _ = r.Close() }()
		return nil, d.daemon.load(ctx, repository, tag, r)
	})
	return name, err
}

var noLog = map[string]string{"Type": "none"}

// hostConfig is what a container may have of the machine.
func hostConfig(spec compute.Spec) map[string]any {
	var mounts []map[string]any
	tmpfs := map[string]string{"/tmp": fmt.Sprintf("rw,nosuid,nodev,exec,mode=1777,size=%dm", orElse(spec.Limits.TmpMB, compute.DefaultTmpMB))}
	for _, m := range spec.Mounts {
		if m.Source == "" {
			tmpfs[m.Target] = fmt.Sprintf("rw,nosuid,nodev,mode=1777,size=%dm", orElse(m.SizeMB, compute.DefaultTmpMB))
			continue
		}
		mounts = append(mounts, map[string]any{"Type": "bind", "Source": m.Source, "Target": m.Target, "ReadOnly": !m.Write})
	}
	files := orElse(spec.Limits.Files, compute.DefaultFiles)
	return map[string]any{"Mounts": mounts, "Tmpfs": tmpfs, "LogConfig": noLog, "CapDrop": []string{"ALL"},
		"CapAdd":      []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE"},
		"SecurityOpt": []string{"no-new-privileges"}, "Memory": int64(spec.Limits.MemoryMB) << 20, "MemorySwap": int64(spec.Limits.MemoryMB) << 20,
		"NanoCpus":  int64(min(spec.Limits.CPU, cores()) * 1e9),
		"PidsLimit": orElse(spec.Limits.Processes, compute.DefaultProcesses),
		"Ulimits":   []map[string]any{{"Name": "nofile", "Soft": files, "Hard": files}, {"Name": "core", "Soft": 0, "Hard": 0}}}
}

func orElse(n, standard int) int {
	if n == 0 {
		return standard
	}
	return n
}
