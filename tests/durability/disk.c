/* Stands between a program and its disk (LD_PRELOAD): writes down every write, truncation, sync, creation and removal
 * of the files below $DISK_FOLDER into $DISK_LOG, in order, and lets the n-th call of a kind fail when told to.
 * SQLite's shared-memory index (-shm) is left alone: it does not survive a power cut and is made anew. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { OPENED = 1, WRITTEN = 2, TRUNCATED = 3, SYNCED = 4, REMOVED = 5, MARK = 6, READ = 7 };
#define MOST_FILES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static int journal = -1;
static char *names[MOST_FILES];     /* by file descriptor, NULL for files that are not watched */
static unsigned armed, countdown, seen; /* kinds that fail (a bit each), at which call, calls of these kinds so far */
static int failure, lasting;            /* errno to fail with; whether all later calls fail too */

__attribute__((constructor)) static void begin(void) {
    folder = getenv("DISK_FOLDER");
    const char *path = getenv("DISK_LOG");
    if (path) journal = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(uint32_t kind, const char *name, uint64_t offset, const void *data, uint64_t length) {
    if (journal < 0) return;
    struct { uint32_t kind, name_length; uint64_t offset, length; } head = {kind, strlen(name), offset, length};
    syscall(SYS_write, journal, &head, sizeof head);
    syscall(SYS_write, journal, name, head.name_length);
    if (data) syscall(SYS_write, journal, data, length);
}

void disk_mark(const char *text) {
    pthread_mutex_lock(&lock);
    note(MARK, text, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
}

/* Let the nth (from 1) call of the kinds in the bit set fail with error; all later ones too if last is set. */
void disk_fail(unsigned kinds, unsigned nth, int error, int last) {
    pthread_mutex_lock(&lock);
    armed = kinds, countdown = nth, failure = error, lasting = last, seen = 0;
    pthread_mutex_unlock(&lock);
}

unsigned disk_seen(void) { return seen; }

/* With the lock held: does this call fail? */
static int fails(unsigned kind) {
    if (!(armed & (1u << kind))) return 0;
    seen++;
    if (seen != countdown && !(lasting && seen > countdown)) return 0;
    errno = failure;
    return 1;
}

static int watched(const char *path) {
    size_t length = strlen(path);
    return folder && strncmp(path, folder, strlen(folder)) == 0 && !(length > 4 && strcmp(path + length - 4, "-shm") == 0);
}

static const char *name_of(int fd) { return fd >= 0 && fd < MOST_FILES ? names[fd] : NULL; }

static int opened(int fd, const char *path, int flags) {
    if (fd >= 0 && fd < MOST_FILES && watched(path)) {
        free(names[fd]);
        names[fd] = strdup(path);
        if (flags & (O_CREAT | O_TRUNC)) note(OPENED, path, (flags & O_TRUNC) != 0, NULL, 0);
    }
    return fd;
}

#define OPEN(NAME)                                                                              \
    int NAME(const char *path, int flags, ...) {                                                \
        va_list list;                                                                           \
        va_start(list, flags);                                                                  \
        int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, int) : 0;                     \
        va_end(list);                                                                           \
        pthread_mutex_lock(&lock);                                                              \
        int fd = watched(path) && fails(OPENED) ? -1                                            \
                 : opened(syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode), path, flags); \
        pthread_mutex_unlock(&lock);                                                            \
        return fd;                                                                              \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (name_of(fd)) free(names[fd]), names[fd] = NULL;
    int result = syscall(SYS_close, fd);
    pthread_mutex_unlock(&lock);
    return result;
}

#define CHANGE(CALL, KIND, OFFSET, DATA, LENGTH)          \
    if (!name_of(fd)) return CALL;                        \
    long result;                                          \
    pthread_mutex_lock(&lock);                            \
    const char *name = name_of(fd);                       \
    result = name && fails(KIND) ? -1 : (CALL);           \
    if (name && result >= 0) note(KIND, name, OFFSET, DATA, LENGTH); \
    pthread_mutex_unlock(&lock);                          \
    return result;

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    CHANGE(syscall(SYS_pwrite64, fd, data, length, offset), WRITTEN, offset, data, (uint64_t)result)
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }
ssize_t write(int fd, const void *data, size_t length) {
    off_t at = name_of(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    CHANGE(syscall(SYS_write, fd, data, length), WRITTEN, at, data, (uint64_t)result)
}
int ftruncate64(int fd, off64_t length) { CHANGE(syscall(SYS_ftruncate, fd, length), TRUNCATED, length, NULL, 0) }
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
int fsync(int fd) { CHANGE(syscall(SYS_fsync, fd), SYNCED, 0, NULL, 0) }
int fdatasync(int fd) { CHANGE(syscall(SYS_fdatasync, fd), SYNCED, 0, NULL, 0) }

/* Reads are not written down, but may fail. */
ssize_t pread64(int fd, void *data, size_t length, off64_t offset) {
    pthread_mutex_lock(&lock);
    int failed = name_of(fd) && fails(READ);
    pthread_mutex_unlock(&lock);
    return failed ? -1 : syscall(SYS_pread64, fd, data, length, offset);
}
ssize_t pread(int fd, void *data, size_t length, off_t offset) { return pread64(fd, data, length, offset); }

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    int ours = watched(path);
    int result = ours && fails(REMOVED) ? -1 : syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (ours && result == 0) note(REMOVED, path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}
