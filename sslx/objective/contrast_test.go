package objective_test

import "sort"

// pairLoss is the loss of an anchor, view v of image i, with view w of it, in two terms, from s/τ of that positive, of
// the negatives, and of the other positives.
type pairLoss func(v, w, i int, positive *number, negatives, others []*number) (similarity, entropy *number)

// contrast is the mean over anchors and positives of a loss.
func (o *oracle) contrast(loss pairLoss) map[string]*number {
	u := o.directionsOf(o.z)
	var similarities, entropies []*number
	o.others(func(v, w, i int) {
		if o.wrong == "anchors are of the first view only" && v != 0 {
			return
		}
		positive := o.similarity(u[v][i], u[w][i])
		negatives := o.negativesOf(u, v, i)
		var others []*number
		for x := range o.views {
			if x != v && x != w {
				others = append(others, o.similarity(u[v][i], u[x][i]))
			}
		}
		if o.wrong == "the other positives are negatives" {
			negatives = append(negatives, others...)
		}
		similarity, entropy := loss(v, w, i, positive, negatives, others)
		similarities, entropies = append(similarities, similarity), append(entropies, entropy)
	})
	parts := map[string]*number{"similarity": o.mean(similarities...), "entropy": o.mean(entropies...)}
	if o.wrong == "directions are added" {
		for name, part := range parts {
			parts[name] = o.scale(part, 2)
		}
	}
	return parts
}

// negativesOf returns s/τ of view v of image i with each of its negatives; u are all directions.
func (o *oracle) negativesOf(u [][][]*number, v, i int) (logits []*number) {
	anchor := u[v][i]
	negatives := negatives(o.loss)
	switch negatives.Kind {
	case "patch-same", "crop-same":
		for k := range negatives.K {
			image := i
			if o.wrong == "negatives are of the next image" {
				image = (i + 1) % o.n
			}
			logits = append(logits, o.similarity(anchor, o.direction(o.extra[k][image])))
		}
	case "patch-fixed":
		logits = append(logits, o.similarity(anchor, o.direction(o.patch[0])))
	case "random-k":
		for _, j := range o.smallestDraws(i, negatives.K) {
			for w := range o.views {
				logits = append(logits, o.similarity(anchor, u[w][j]))
			}
		}
	default:
		for w := range o.views {
			for j := range o.n {
				if j != i {
					logits = append(logits, o.similarity(anchor, u[w][j]))
				}
			}
		}
	}
	switch o.wrong {
	case "a negative is dropped":
		logits = logits[1:]
	case "negatives are of one view":
		logits = logits[:len(logits)/o.views]
	case "the diagonal is not masked":
		logits = append(logits, o.similarity(anchor, anchor))
	}
	return logits
}

// smallestDraws returns the k other images with the smallest draws in row i.
func (o *oracle) smallestDraws(i, k int) []int {
	var others []int
	for j := range o.n {
		if j != i {
			others = append(others, j)
		}
	}
	row := o.draws[i]
	if o.wrong == "the draws are those of another image" {
		row = o.draws[(i+1)%o.n]
	}
	sort.Slice(others, func(a, b int) bool { return row[others[a]] < row[others[b]] })
	if o.wrong == "one image too many is drawn" {
		return others[:k+1]
	}
	return others[:k]
}
