//go:build cgo && linux && (amd64 || arm64)

// The allocator of a program that imports package tuned. It takes the place of glibc's malloc in the whole process,
// also in a plugin that is loaded later (glibc's manual, "Replacing malloc").
//
// XLA's CPU client allocates the buffers of a step again at each step, and its threads allocate work spaces and tasks
// in each product. glibc maps and unmaps the large ones, or keeps them in one heap, whose lock all threads want. Here
//
//   - blocks of up to 256 KiB have one of four sizes for each power of two. Each thread has a stack of free blocks of
//     each size. A stack that runs empty or full trades a batch with the one that all threads share;
//   - larger ones are spans of pages of 64 KiB: the first hole that is large enough, by address, so that a step finds
//     the memory of the step before it. They begin a few cache lines apart from each other: buffers that all began at a
//     page would compete for the same lines of a cache.
//
// The process keeps what it used at its peak. What does not fit into these two ranges of addresses comes from glibc.

#define _GNU_SOURCE
#include <stdlib.h>

#ifdef __GLIBC__
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum {
	line = 64, // bytes of a cache line: the least size of a block

	log_max_block = 18,
	classes = 4 * (log_max_block - 6) + 1,
	slab = 1 << 20, // bytes of a piece of the range that holds blocks of one class
	slabs = 4096,
	batch_bytes = 64 << 10,

	page = 64 << 10,
	pages = 1 << 20,
	max_holes = 1 << 14,
};

static const size_t max_block = (size_t)1 << log_max_block;

// reserve takes addresses, and no memory. It returns NULL where the system refuses.
static char *reserve(size_t size, size_t align) {
	char *p = mmap(NULL, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) return NULL;
	return (char *)(((uintptr_t)p + align - 1) / align * align);
}

// Blocks.

typedef struct block {
	struct block *next;
} block;

static char *blocks;           // the range, once it is reserved
static uint8_t class_of[slabs]; // of each slab that is in use
static unsigned used_slabs;
static pthread_mutex_t slab_lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	pthread_mutex_t lock;
	block *free;
	char *fresh, *end; // what was never used of the latest slab
} shared[classes] = {[0 ... classes - 1] = {PTHREAD_MUTEX_INITIALIZER}};

static __thread struct {
	block *free;
	unsigned count;
} own[classes] __attribute__((tls_model("initial-exec")));

// Whether the end of the thread gives its blocks back.
static __thread int has_exit __attribute__((tls_model("initial-exec")));
static pthread_key_t at_exit;

static inline int is_block(void *p) { return blocks && (size_t)((char *)p - blocks) < (size_t)slab * slabs; }

// size_of and class_for: class c holds (4 + c%4) * 2^(c/4 + 4) bytes: 64, 80, 96, 112, 128, 160 and so on.
static inline size_t size_of(unsigned c) { return ((size_t)4 + (c & 3)) << (c / 4 + 4); }

static inline unsigned class_for(size_t n) {
	if (n <= line) return 0;
	n--;
	unsigned k = 63 - __builtin_clzl(n);
	return (k - 6) * 4 + ((n >> (k - 2)) & 3) + 1;
}

static inline unsigned batch(unsigned c) {
	unsigned n = batch_bytes / size_of(c);
	return n < 2 ? 2 : n > 64 ? 64 : n;
}

// give_back moves the first n blocks of the thread's stack to the shared one.
static void give_back(unsigned c, unsigned n) {
	block *first = own[c].free, *last = first;
	for (unsigned i = 1; i < n; i++) last = last->next;
	own[c].free = last->next;
	own[c].count -= n;

	pthread_mutex_lock(&shared[c].lock);
	last->next = shared[c].free;
	shared[c].free = first;
	pthread_mutex_unlock(&shared[c].lock);
}

static void give_all_back(void *unused) {
	has_exit = 0;
	for (unsigned c = 0; c < classes; c++)
		if (own[c].count > 0) give_back(c, own[c].count);
}

// next_slab is called with the lock of class c.
static void next_slab(unsigned c) {
	pthread_mutex_lock(&slab_lock);
	if (blocks && used_slabs < slabs) {
		class_of[used_slabs] = c;
		shared[c].fresh = blocks + (size_t)slab * used_slabs++;
		shared[c].end = shared[c].fresh + slab;
	}
	pthread_mutex_unlock(&slab_lock);
}

// refill puts a batch on the thread's empty stack, less the block that it returns: NULL where there is none.
static void *refill(unsigned c) {
	size_t size = size_of(c);
	unsigned n = 0, wanted = batch(c);
	block *got = NULL;

	pthread_mutex_lock(&shared[c].lock);
	for (; n < wanted && shared[c].free; n++) {
		block *b = shared[c].free;
		shared[c].free = b->next;
		b->next = got;
		got = b;
	}
	if (n == 0) {
		if ((size_t)(shared[c].end - shared[c].fresh) < size) next_slab(c);
		for (; n < wanted && (size_t)(shared[c].end - shared[c].fresh) >= size; n++) {
			block *b = (block *)shared[c].fresh;
			shared[c].fresh += size;
			b->next = got;
			got = b;
		}
	}
	pthread_mutex_unlock(&shared[c].lock);

	if (got == NULL) return NULL;
	own[c].free = got->next;
	own[c].count = n - 1;
	if (!has_exit) {
		has_exit = 1;
		pthread_setspecific(at_exit, own);
	}
	return got;
}

static inline void *take_block(unsigned c) {
	block *b = own[c].free;
	if (b == NULL) return refill(c);
	own[c].free = b->next;
	own[c].count--;
	return b;
}

static inline void free_block(void *p) {
	unsigned c = class_of[((char *)p - blocks) / slab];
	block *b = p;
	b->next = own[c].free;
	own[c].free = b;
	if (++own[c].count >= 2 * batch(c)) give_back(c, batch(c));
}

// Spans.

static char *spans; // the range, once it is reserved
static uint32_t length_of[pages]; // in pages, of the span that begins at each page
static struct {
	uint32_t at, length;
} holes[max_holes]; // by address; no two touch
static int hole_count;
static unsigned offset;
static pthread_mutex_t span_lock = PTHREAD_MUTEX_INITIALIZER;

static inline int is_span(void *p) { return spans && (size_t)((char *)p - spans) < (size_t)page * pages; }

static void remove_hole(int i) { memmove(holes + i, holes + i + 1, (--hole_count - i) * sizeof *holes); }

// take_span returns n bytes that begin at a cache line, or at a page: NULL where no hole is large enough.
static void *take_span(size_t n, int at_page) {
	if (n > (size_t)page * (pages - 1)) return NULL;
	void *p = NULL;

	pthread_mutex_lock(&span_lock);
	offset = (offset + 5) % 64;
	size_t begin = at_page ? 0 : offset * line;
	uint32_t wanted = (n + begin + page - 1) / page;
	for (int i = 0; i < hole_count; i++) {
		if (holes[i].length < wanted) continue;
		p = spans + (size_t)holes[i].at * page + begin;
		length_of[holes[i].at] = wanted;
		holes[i].at += wanted;
		holes[i].length -= wanted;
		if (holes[i].length == 0) remove_hole(i);
		break;
	}
	pthread_mutex_unlock(&span_lock);
	return p;
}

static void free_span(void *p) {
	uint32_t at = ((char *)p - spans) / page;

	pthread_mutex_lock(&span_lock);
	uint32_t length = length_of[at];
	int i = 0;
	while (i < hole_count && holes[i].at < at) i++;

	int before = i > 0 && holes[i - 1].at + holes[i - 1].length == at;
	int after = i < hole_count && holes[i].at == at + length;
	if (before) {
		holes[i - 1].length += length;
		if (after) {
			holes[i - 1].length += holes[i].length;
			remove_hole(i);
		}
	} else if (after) {
		holes[i].at = at;
		holes[i].length += length;
	} else if (hole_count < max_holes) { // a hole that does not fit into the table is lost
		memmove(holes + i + 1, holes + i, (hole_count++ - i) * sizeof *holes);
		holes[i].at = at;
		holes[i].length = length;
	}
	pthread_mutex_unlock(&span_lock);
}

// The process's allocator.

static size_t (*glibc_usable_size)(void *);

__attribute__((constructor)) static void prepare(void) {
	glibc_usable_size = (size_t(*)(void *))dlsym(RTLD_NEXT, "malloc_usable_size");
	if (pthread_key_create(&at_exit, give_all_back) != 0) return;
	blocks = reserve((size_t)slab * slabs, slab);

	const size_t huge = 2 << 20;
	char *p = reserve((size_t)page * pages, huge);
	if (p == NULL) return;
	madvise(p, (size_t)page * pages, MADV_HUGEPAGE);
	holes[0].length = pages;
	hole_count = 1;
	spans = p;
}

// allocate is malloc by a name that compilers do not know: of malloc and memset in calloc they would make calloc.
static inline void *allocate(size_t n) {
	void *p = n <= max_block ? take_block(class_for(n)) : take_span(n, 0);
	return p ? p : __libc_malloc(n);
}

void *malloc(size_t n) { return allocate(n); }

void free(void *p) {
	if (is_block(p))
		free_block(p);
	else if (is_span(p))
		free_span(p);
	else
		__libc_free(p);
}

void *calloc(size_t count, size_t size) {
	size_t n;
	if (__builtin_mul_overflow(count, size, &n)) return __libc_calloc(count, size); // which refuses it
	void *p = allocate(n);
	return p ? memset(p, 0, n) : NULL;
}

size_t malloc_usable_size(void *p) {
	if (is_block(p)) return size_of(class_of[((char *)p - blocks) / slab]);
	if (is_span(p)) return (size_t)length_of[((char *)p - spans) / page] * page - ((char *)p - spans) % page;
	return glibc_usable_size(p);
}

void *realloc(void *p, size_t n) {
	if (p == NULL) return allocate(n);
	if (!is_block(p) && !is_span(p)) return __libc_realloc(p, n);
	if (n == 0) {
		free(p);
		return NULL;
	}
	size_t has = malloc_usable_size(p);
	if (n <= has && n > has / 2) return p;

	void *q = allocate(n);
	if (q) {
		memcpy(q, p, n < has ? n : has);
		free(p);
	}
	return q;
}

void *memalign(size_t align, size_t n) {
	void *p = NULL;
	if (n > max_block && align <= page) {
		p = take_span(n, align > line);
	} else if (n <= max_block && align <= line) {
		// Blocks of 256 bytes or more begin at a cache line, and so do those of 64 and 128.
		unsigned c = class_for(n);
		p = take_block(size_of(c) % line == 0 ? c : class_for(256));
	}
	return p ? p : __libc_memalign(align, n);
}

void *aligned_alloc(size_t align, size_t n) { return memalign(align, n); }

int posix_memalign(void **p, size_t align, size_t n) {
	if (align % sizeof(void *) != 0 || (align & (align - 1)) != 0 || align == 0) return EINVAL;
	void *q = memalign(align, n);
	if (q == NULL) return ENOMEM;
	*p = q;
	return 0;
}
#endif
