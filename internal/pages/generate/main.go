// Command generate fills the generated blocks of the repository's Markdown pages, and draws their figures, from the
// records. It is run by go generate, in the folder of package pages.
package main

import (
	"fmt"
	"os"

	"github.com/sslx-go/lab/internal/pages"
)

func main() {
	if err := pages.Generate("../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
