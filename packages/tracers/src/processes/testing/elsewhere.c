/*
 * elsewhere FOLDER PROGRAM: runs a copy of PROGRAM, which has to be static, as /bin/program in a mount namespace of its
 * own, with a new file system on FOLDER as its root and /work in it as its working directory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat status;

	if (in < 0 || out < 0 || fstat(in, &status))
		return -1;
	for (off_t rest = status.st_size; rest > 0;) {
		ssize_t sent = sendfile(out, in, NULL, rest);

		if (sent <= 0)
			return -1;
		rest -= sent;
	}
	return close(out);
}

int main(int argc, char **argv)
{
	if (argc != 3 || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", argv[1], "tmpfs", 0, NULL) || chdir(argv[1]) || mkdir("bin", 0755) || mkdir("work", 0755) ||
	    copy(argv[2], "bin/program") || chroot(".") || chdir("/work")) {
		perror("elsewhere");
		return 1;
	}
	execl("/bin/program", "program", NULL);
	return 1;
}
