package pretrain

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

//go:embed recipes/*.yaml
var recipes embed.FS

// Recipes returns the names of the built-in configurations, sorted. "quickstart" and those that begin with "cifar10"
// train in minutes on two cores, but for "cifar10-gpu", which wants a GPU; those that begin with "claims" are the bases
// of claims at each scale; those that begin with "paper" are the recipes of Bordes et al. 2023
// (https://arxiv.org/abs/2303.01986, code) for ImageNet.
func Recipes() []string {
	files, _ := fs.Glob(recipes, "recipes/*.yaml") // the pattern is right

	for i, file := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(file, "recipes/"), ".yaml")
	}
	return files
}

// configText returns the file at path, or the recipe of that name where there is no such file.
func configText(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(path, `/\.`) {
		// A name without a dot or a slash that is no file: a recipe's.
		if text, err := recipes.ReadFile("recipes/" + path + ".yaml"); err == nil {
			return text, nil
		}

		return nil, usage.Unknown("configuration file or recipe", path, Recipes())
	}
	if err != nil {
		return nil, usage.Errorf("cannot read the configuration: %v", err)
	}
	return text, nil
}
