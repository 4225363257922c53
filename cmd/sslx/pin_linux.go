package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// pinTo keeps this process and the threads that it will start on some cores, as "0-3"; "" leaves it free. XLA makes as
// many threads as there are cores left.
func pinTo(cores string) error {
	if cores == "" {
		return nil
	}
	first, last, err := parseCores(cores)
	if err != nil {
		return err
	}
	var set unix.CPUSet
	for core := first; core <= last; core++ {
		set.Set(core)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("cores %s cannot be used: %w", cores, err)
	}
	return nil
}
