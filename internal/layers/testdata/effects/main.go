// Command effects prints its environment, and the state of glibc's allocator after two threads called malloc: it has
// one arena where something else serves them, more otherwise. The test adds the file with the imports whose effects
// it looks for.
package main

// #include <malloc.h>
// #include <pthread.h>
// #include <stdio.h>
// #include <stdlib.h>
// static void *allocate(void *_) { return malloc(100); }
// static void on_threads(void) {
// 	pthread_t threads[2];
// 	for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, allocate, NULL);
// 	for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
// }
// static void print_arenas(void) { malloc_info(0, stdout); fflush(stdout); }
import "C"

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	fmt.Println(strings.Join(os.Environ(), "\n"))
	C.on_threads()
	C.print_arenas()
}
