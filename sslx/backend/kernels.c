//go:build cgo && linux && amd64

#include <dlfcn.h>
#include <string.h>

#include "kernels.h"
#include "_cgo_export.h"

enum { metadata_type = 1, ffi_type = 5, execute_stage = 3 };

// handle answers what version of the interface it is of, and has Go compute a call. XLA refuses another major version
// than its own when the handler is registered; minor ones add to the ends of structures.
static void *handle(struct frame *frame, int target) {
	struct extension *e = frame->extensions;
	if (e && e->type == metadata_type) {
		struct metadata *m = ((struct metadata_extension *)e)->metadata;
		m->version.major = 0;
		m->version.minor = frame->api->version.minor;
		return NULL;
	}
	if (frame->stage == execute_stage) {
		sslxCall(target, frame);
	}
	return NULL;
}

static void help(void *h) { sslxHelp((uintptr_t)h); }

int sslx_schedule(struct frame *frame, uintptr_t h) {
	if (frame->api->size < sizeof(struct api)) {
		return 0;
	}
	struct task t = {.size = sizeof t, .context = frame->context, .run = help, .data = (void *)h};
	return !frame->api->schedule(&t);
}

static void *convolution(struct frame *f) { return handle(f, 0); }
static void *image_gradient(struct frame *f) { return handle(f, 1); }
static void *kernel_gradient(struct frame *f) { return handle(f, 2); }
static void *sum(struct frame *f) { return handle(f, 3); }
static void *product_sum(struct frame *f) { return handle(f, 4); }

int sslx_register(const char *path) {
	void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	if (!library) {
		return 0;
	}
	struct plugin *(*get)(void) = dlsym(library, "GetPjrtApi");
	struct extension *e = get ? get()->extensions : NULL;
	while (e && e->type != ffi_type) {
		e = e->next;
	}
	if (!e || e->size < sizeof(struct ffi_extension)) {
		return 0;
	}

	struct { const char *name; void *handler; } all[] = {
		{"sslx.convolution", convolution},
		{"sslx.image_gradient", image_gradient},
		{"sslx.kernel_gradient", kernel_gradient},
		{"sslx.sum", sum},
		{"sslx.product_sum", product_sum},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct registration r = {.size = offsetof(struct registration, traits) + sizeof(int),
			.target = all[i].name, .target_size = strlen(all[i].name), .handler = all[i].handler,
			.platform = "Host", .platform_size = 4};
		if (((struct ffi_extension *)e)->register_handler(&r)) {
			return 0;
		}
	}
	return 1;
}
