package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/sslx/objective"
)

// Recipes returns the recipes of the methods that were measured, below root, by their path: with what the records say
// of them as the first two lines.
func Recipes(root string) (texts map[string]string, err error) {
	texts = map[string]string{}
	for _, name := range append(objective.Names(), vitRuns) {
		m, err := (generator{root: root}).measured(name)
		if err != nil {
			return nil, err
		}
		if len(m.knn) == 0 {
			continue
		}

		path := filepath.Join("sslx/pretrain/recipes", "cifar10-"+name+".yaml")
		old, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}

		// The comment of before is replaced.
		settings := string(old)
		for strings.HasPrefix(settings, "#") {
			_, settings, _ = strings.Cut(settings, "\n")
		}
		texts[path] = fmt.Sprintf("# kNN %s %% (seeds: %d), %.1f min of training on %s:\n# sslx pretrain --config "+
			"cifar10-%s\n%s",
			spread(m.knn), len(m.knn), stat.Mean(m.minutes, nil), m.machine(), name, settings)
	}
	return texts, nil
}
