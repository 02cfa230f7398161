// The first process of a sandbox: it makes the sandbox from inside, starts the program, and ends all that is left of it.
//
// It runs before main and before Go's runtime, as the constructor of a program that was started under the name below, so that it
// begins within a millisecond, stays small, and never holds a copy of the server's memory. It reads commands from a
// socket (file descriptor 3) and does one after the other; init_linux.go writes them. When the socket ends, the server is gone and so is
// the sandbox: a PID namespace ends with its first process.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define MAX_FIELDS 4096
#define MAX_TREES 64
#define MAX_LIMITS 16

enum { CONTROL = 3 };

struct limit { int resource; struct rlimit value; };

// What the commands have asked for so far.
static struct {
	int trees[MAX_TREES], ntrees;
	char **args, **env;
	char *dir;
	uid_t user;
	gid_t group;
	uid_t owner; // of directories that are made
	uid_t base; // the program's user 0 and 65,535 more begin here; 0: its users are the machine's
	struct limit limits[MAX_LIMITS];
	int nlimits, merge;
	struct sock_fprog filter;
	pid_t program;
	int acknowledged; // the server knows that the program runs
	int ended, status; // the program has ended, and how
	int failed; // errno of the first command that failed
	char what[512];
} box;

static int fail(const char *what, const char *on) {
	if (!box.failed) {
		box.failed = errno ? errno : EIO;
		snprintf(box.what, sizeof box.what, "%s %s", what, on);
	}
	return -1;
}

static int write_all(int fd, const void *p, size_t n) {
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR) continue;
		if (k <= 0) return -1;
		p = (const char *)p + k;
		n -= k;
	}
	return 0;
}

static int read_all(int fd, void *p, size_t n) {
	while (n > 0) {
		ssize_t k = read(fd, p, n);
		if (k < 0 && errno == EINTR) continue;
		if (k <= 0) return -1;
		p = (char *)p + k;
		n -= k;
	}
	return 0;
}

// answer sends one message: a letter, four bytes of length, the data.
static void answer(char letter, const void *data, uint32_t n) {
	char head[5] = {letter};
	memcpy(head + 1, &n, 4);
	if (write_all(CONTROL, head, 5) || write_all(CONTROL, data, n)) _exit(1);
}

// make_dir makes a directory unless it is there.
static int make_dir(const char *path, mode_t mode) {
	if (mkdir(path, mode)) return errno == EEXIST ? 0 : -1;
	return box.owner ? lchown(path, box.owner, box.owner) : 0;
}

// make_dirs makes a directory with its parents.
static int make_dirs(char *path, mode_t mode) {
	for (char *p = path + 1; *p; p++) {
		if (*p != '/') continue;
		*p = 0;
		int r = make_dir(path, 0755);
		*p = '/';
		if (r) return -1;
	}
	return make_dir(path, mode);
}

static int make_parents(char *path) {
	char *slash = strrchr(path, '/');
	if (!slash || slash == path) return 0;
	*slash = 0;
	int r = make_dirs(path, 0755);
	*slash = '/';
	return r;
}

static int write_file(const char *path, const char *text, mode_t mode) {
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0) return -1;
	ssize_t n = strlen(text), k = write(fd, text, n);
	close(fd);
	return k == n ? 0 : -1;
}

static int loopback_up(void) {
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) return -1;
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int failed = ioctl(fd, SIOCSIFFLAGS, &r);
	close(fd);
	return failed;
}

// take opens what is to be shown inside while the machine's own paths still hold. Flags: 'w' writable, 'd' devices, 'o' one mount only.
static int take(const char *path, const char *flags) {
	if (box.ntrees == MAX_TREES) return errno = E2BIG, -1;
	int fd = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (strchr(flags, 'o') ? 0 : AT_RECURSIVE));
	if (fd < 0) return -1;
	struct mount_attr a = {.attr_set = MOUNT_ATTR_NOSUID};
	if (!strchr(flags, 'w')) a.attr_set |= MOUNT_ATTR_RDONLY;
	if (!strchr(flags, 'd')) a.attr_set |= MOUNT_ATTR_NODEV;
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof a)) return -1;
	box.trees[box.ntrees++] = fd;
	return 0;
}

// put shows what the n-th take opened.
static int put(int n, char *target) {
	struct stat st;
	if (n < 0 || n >= box.ntrees || fstat(box.trees[n], &st)) return -1;
	if (S_ISDIR(st.st_mode)) {
		if (make_dirs(target, 0755)) return -1;
	} else {
		if (make_parents(target)) return -1;
		int fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd >= 0) close(fd);
		else if (access(target, F_OK)) return -1;
	}
	if (syscall(SYS_move_mount, box.trees[n], "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH)) return -1;
	close(box.trees[n]);
	return 0;
}

// enter makes the current directory the root and leaves the machine's behind.
static int enter(void) {
	return syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/") ? -1 : 0;
}

// Of a program with users of its own, root may do this to what is its own. Everything else of root's is about the machine.
static const int kept[] = {0 /* chown */, 1 /* dac_override */, 3 /* fowner */, 4 /* fsetid */, 5 /* kill */, 6 /* setgid */, 7 /* setuid */, 8 /* setpcap */,
	10 /* net_bind_service */};

static void drop_capabilities(void) {
	for (int c = 0; c < 64; c++) {
		int keep = 0;
		for (size_t i = 0; box.base && i < sizeof kept / sizeof *kept; i++) keep |= kept[i] == c;
		if (!keep) prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	}
}

// map gives the program its users, which it waits for.
static int map(pid_t pid) {
	char path[64], text[64];
	snprintf(text, sizeof text, "0 %u 65536", box.base);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", pid, i ? "uid_map" : "gid_map");
		if (write_file(path, text, 0)) return -1;
	}
	return 0;
}

static const char *become(void) {
	for (int i = 0; i < box.nlimits; i++) {
		struct rlimit own, *want = &box.limits[i].value;
		if (!getrlimit(box.limits[i].resource, &own) && want->rlim_max > own.rlim_max) want->rlim_cur = want->rlim_max = own.rlim_max;
		if (setrlimit(box.limits[i].resource, want)) return "limit";
	}
	drop_capabilities();
	setgroups(0, NULL);
	if (setresgid(box.group, box.group, box.group) || setresuid(box.user, box.user, box.user)) return "become the user";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return "give up privileges";
	if (chdir(box.dir ? box.dir : "/")) return "change to the directory";
	if (box.filter.len && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &box.filter)) return "filter system calls";
	return NULL;
}

// run starts the program and tells why when it cannot.
static int run(void) {
	int told[2], apart[2], mapped[2]; // the program tells what failed, that it has a user namespace; it is told that its users are there
	char c = 0;
	if (!box.args || !box.args[0]) return errno = EINVAL, fail("start", "nothing");
	if (pipe2(told, O_CLOEXEC) || pipe2(apart, O_CLOEXEC) || pipe2(mapped, O_CLOEXEC)) return fail("make", "a pipe");
	box.program = fork();
	if (box.program < 0) return fail("fork", "");
	if (box.program == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		if (box.merge) dup2(1, 2);
		write_file("/proc/self/oom_score_adj", "0", 0);
		const char *what = NULL;
		if (box.base) {
			close(mapped[1]);
			if (unshare(CLONE_NEWUSER) || write(apart[1], &c, 1) != 1 || read(mapped[0], &c, 1) != 1) what = "have users of its own";
		}
		syscall(SYS_close_range, 3, told[1] - 1, 0);
		syscall(SYS_close_range, told[1] + 1, ~0U, 0);
		char *no_env[] = {NULL};
		if (!what) what = become();
		if (!what) {
			execve(box.args[0], box.args, box.env ? box.env : no_env);
			what = "start";
		}
		int why[1] = {errno};
		if (write(told[1], why, sizeof why) > 0) (void)!write(told[1], what, strlen(what));
		_exit(127);
	}
	close(told[1]);
	close(apart[1]);
	close(mapped[0]);
	if (box.base && read(apart[0], &c, 1) == 1 && !map(box.program)) (void)!write(mapped[1], &c, 1);
	close(apart[0]);
	close(mapped[1]);
	int why;
	char what[128] = {0};
	if (!read_all(told[0], &why, sizeof why)) {
		(void)!read(told[0], what, sizeof what - 1);
		errno = why;
		fail(what, box.args[0]);
	}
	close(told[0]);
	return 0;
}

static void send_socket(void) {
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char head[5] = {'S'};
	struct iovec v = {head, 5};
	union { char buf[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } u = {{0}};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	if (s < 0) {
		answer('N', strerror(errno), strlen(strerror(errno)));
		return;
	}
	m.msg_control = u.buf;
	m.msg_controllen = sizeof u.buf;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &s, sizeof(int));
	if (sendmsg(CONTROL, &m, MSG_NOSIGNAL) != 5) _exit(1);
	close(s);
}

static void add_limit(char **f) {
	if (box.nlimits == MAX_LIMITS) return;
	struct limit *l = &box.limits[box.nlimits++];
	l->resource = atoi(f[0]);
	l->value.rlim_cur = strtoull(f[1], NULL, 10);
	l->value.rlim_max = strtoull(f[2], NULL, 10);
}

static void set_filter(char *raw, size_t n) {
	box.filter.filter = malloc(n);
	memcpy(box.filter.filter, raw, n);
	box.filter.len = n / sizeof(struct sock_filter);
}

static char **keep(char **f, int n) {
	char **kept = calloc(n + 1, sizeof *kept);
	for (int i = 0; i < n; i++) kept[i] = strdup(f[i]);
	return kept;
}

// build does one of the commands that make the sandbox. f has n fields.
static void build(char op, char **f, int n, char *raw, size_t size) {
	switch (op) {
	case 'P': if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) fail("make mounts private", ""); break;
	case 'L': if (loopback_up()) fail("bring up", "lo"); break;
	case 'N': if (sethostname(f[0], strlen(f[0]))) fail("set the host name", f[0]); break;
	case 'T': write_file(f[0], f[1], 0); break; // what is not allowed everywhere, and can be done without
	case 'M': // type, source, target, options
		if (make_dirs(f[2], 0755) || mount(f[1], f[2], f[0], MS_NOSUID | MS_NODEV, f[3])) fail("mount", f[2]);
		break;
	case 'R': if (mount(NULL, f[0], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL)) fail("make read-only", f[0]); break;
	case 'B': if (take(f[0], f[1])) fail("open", f[0]); break;
	case 'A': if (put(atoi(f[0]), f[1])) fail("show", f[1]); break;
	case 'D': if (make_dirs(f[0], strtol(f[1], NULL, 8)) || chmod(f[0], strtol(f[1], NULL, 8))) fail("make directory", f[0]); break;
	case 'Y': if (symlink(f[0], f[1])) fail("link", f[1]); break;
	case 'W': if (make_parents(f[0]) || write_file(f[0], f[1], 0644)) fail("write", f[0]); break;
	case 'C': if (chdir(f[0])) fail("change to", f[0]); break;
	case 'V': if (enter()) fail("enter", "the root"); break;
	case 'l': add_limit(f); break;
	case 'o': box.owner = strtoul(f[0], NULL, 10); break;
	case 'u': box.user = atoi(f[0]), box.group = atoi(f[1]), box.base = strtoul(f[2], NULL, 10); break;
	case 'd': box.dir = strdup(f[0]); break;
	case 'a': box.args = keep(f, n); break;
	case 'e': box.env = keep(f, n); break;
	case 'm': box.merge = 1; break;
	case 'f': set_filter(raw, size); break;
	case '!': run(); break;
	default: errno = ENOSYS; fail("do", "an unknown command");
	}
}

// end_with_program ends the sandbox when its program has ended.
static void end_with_program(void) {
	if (!box.ended) return;
	answer('X', &box.status, sizeof box.status);
	_exit(0);
}

// command reads and does one command: a letter, four bytes of length, fields that each end with a zero byte.
static void command(void) {
	char head[5];
	uint32_t size;
	static char *f[MAX_FIELDS + 4];
	if (read_all(CONTROL, head, 5)) _exit(0);
	memcpy(&size, head + 1, 4);
	char *raw = calloc(1, (size_t)size + 1);
	if (!raw || read_all(CONTROL, raw, size)) _exit(0);
	int n = 0;
	if (head[0] != 'f')
		for (char *p = raw; p < raw + size && n < MAX_FIELDS; p += strlen(p) + 1) f[n++] = p;
	for (int i = n; i < n + 4; i++) f[i] = raw + size; // missing fields are empty
	switch (head[0]) {
	case '?':
		if (box.failed) {
			char text[640];
			int k = snprintf(text, sizeof text, "cannot %s: %s", box.what, strerror(box.failed));
			answer('N', text, k);
			_exit(1);
		}
		answer('Y', "", 0);
		box.acknowledged = box.program > 0;
		end_with_program();
		break;
	case 'S': send_socket(); break;
	case 'z': kill(-1, SIGSTOP); break;
	case 'g': kill(-1, SIGCONT); break;
	case 't': if (box.program > 0) kill(box.program, SIGTERM); break;
	case 'k': _exit(0);
	default: if (!box.failed) build(head[0], f, n, raw, size);
	}
	free(raw);
}

// reap collects what has ended.
static void reap(void) {
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == box.program) box.ended = 1, box.status = status;
}

__attribute__((constructor)) static void first(int argc, char **argv) {
	if (argc < 1 || strcmp(argv[0], "atelier-sandbox")) return;
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "atelier-sandbox", 0, 0, 0);
	fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
	umask(0022);
	int ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	struct pollfd p[2] = {{.fd = CONTROL, .events = POLLIN}, {.fd = ended, .events = POLLIN}};
	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR) _exit(1);
		if (p[1].revents) {
			struct signalfd_siginfo info;
			(void)!read(ended, &info, sizeof info);
			reap();
			if (box.acknowledged) end_with_program();
		}
		if (p[0].revents) command();
	}
}
