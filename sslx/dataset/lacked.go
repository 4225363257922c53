package dataset

import (
	"fmt"
	"strings"
)

// lackNotes returns a note for each split that lacks classes of train, which is allowed: a score on it says nothing of
// them.
func (r *run) lackNotes() (notes []string) {
	first := r.plan.splits[0].N
	for _, sp := range r.plan.splits[1:] {
		if lacked := r.lacked(first, sp.N); len(lacked) > 0 {
			notes = append(notes, fmt.Sprintf("%s lacks %d of the %d classes of train: %s", sp.Name, len(lacked),
				len(r.plan.tasks[0].Classes), someOf(lacked)))
		}
		first += sp.N
	}
	return notes
}

// lacked returns the classes of the first task that none of the n images from position first has; images that were left
// out do not count.
func (r *run) lacked(first, n int) (classes []string) {
	seen := make([]bool, len(r.plan.tasks[0].Classes))
	for i := first; i < first+n; i++ {
		if _, bad := r.bad[i]; !bad {
			seen[r.labels[0][i]] = true
		}
	}
	for label, class := range r.plan.tasks[0].Classes {
		if !seen[label] {
			classes = append(classes, class)
		}
	}
	return classes
}

// someOf lists the first of the names.
func someOf(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
