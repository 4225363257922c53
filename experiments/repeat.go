package experiments

import (
	"slices"
	"strings"

	"github.com/sslx-go/lab/sslx/evaluate"
)

// RecordsFolder is where the records of claims are kept in the repository.
const RecordsFolder = "experiments/results/claims"

// MeasuredBy returns the tasks and the names of the protocols that a record was measured by.
func MeasuredBy(r Record) (tasks, names []string) {
	for _, x := range r.Results {
		task := x.Task
		if _, label, _ := strings.Cut(task, "/"); slices.Contains(evaluate.MadeTasks(), label) {
			task = label // made from the run's own data
		}
		if !slices.Contains(tasks, task) {
			tasks = append(tasks, task)
		}
		if word := x.Protocol.Name(); !slices.Contains(names, word) {
			names = append(names, word)
		}
	}
	return tasks, names
}
