//go:build cgo && linux && (amd64 || arm64)

package tuned

// #include <malloc.h>
// #include <stdint.h>
// #include <stdlib.h>
// #include <sys/mman.h>
// #include <unistd.h>
//
// #ifdef __GLIBC__
// // A constructor, because it must run before any thread has an arena of its own: in one of those, a buffer of 64 MiB
// // or more is mapped whatever the options.
// __attribute__((constructor)) static void one_arena(void) { mallopt(M_ARENA_MAX, 1); }
//
// static void keep_heap(void) {
// 	mallopt(M_MMAP_MAX, 0);
// 	mallopt(M_TRIM_THRESHOLD, -1);
// 	uintptr_t page = sysconf(_SC_PAGESIZE), size = sysconf(_SC_PHYS_PAGES) / 2 * page;
// 	void *heap = malloc(size);
// 	if (heap == NULL) return;
// 	uintptr_t begin = ((uintptr_t)heap + page - 1) / page * page, end = ((uintptr_t)heap + size) / page * page;
// 	madvise((void *)begin, end - begin, MADV_HUGEPAGE);
// 	free(heap);
// }
// #else
// static void keep_heap(void) {}
// #endif
import "C"

import "sync"

// keepHeap makes glibc's allocator keep the memory that it has, and asks the system for huge pages in it. XLA's CPU
// backend allocates the buffers of a step again at each step. With glibc's defaults each of them is mapped, zeroed,
// faulted in by pages of 4 KiB, and unmapped: a quarter of the time of a training step (docs/performance.md).
//
// Only addresses of half the machine's memory are taken; the process keeps what it used at its peak. Where the system
// refuses, XLA is as slow as without.
var keepHeap = sync.OnceFunc(func() { C.keep_heap() })
