package backend

import (
	"debug/elf"
	"fmt"
	"os"
	"runtime"
)

// checkLibrary tells whether a plugin may be loaded: it wraps errDamaged when the file is not a whole ELF library.
// Loading a truncated one would end the process with a bus error. Other systems check while they load.
func checkLibrary(path string) error {
	if runtime.GOOS != "linux" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	file, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%w (%v): run `sslx backend install`", errDamaged, err)
	}
	defer func() { _ = file.Close() }()
	for _, p := range file.Progs {
		if end := p.Off + p.Filesz; end > uint64(info.Size()) {
			return fmt.Errorf("%w (%d bytes, %d expected): run `sslx backend install`", errDamaged, info.Size(), end)
		}
	}
	return nil
}
