package objective

import "sort"

// simCLR is Chen et al. 2020, equation 1: -log of exp(s/τ) of the positive over the sum of that and of the negatives.
func (o *oracle) simCLR() map[string]*number {
	return o.contrast(func(_, _, _ int, positive *number, negatives, _ []*number) (similarity, entropy *number) {
		denominator := append([]*number{positive}, negatives...)
		if o.wrong == "the positive is left out of the denominator" {
			denominator = negatives
		}
		return o.scale(positive, -1), o.logSumExp(denominator)
	})
}

// dcl is Yeh et al. 2022, equation 6: that without the positive in the denominator.
func (o *oracle) dcl() map[string]*number {
	return o.contrast(func(_, _, _ int, positive *number, negatives, _ []*number) (similarity, entropy *number) {
		if o.wrong == "the positive is left in the denominator" {
			negatives = append([]*number{positive}, negatives...)
		}
		return o.scale(positive, -1), o.logSumExp(negatives)
	})
}

// dclw is Yeh et al. 2022: dcl with the weight 2 - exp(s/σ)/E[exp(s/σ)] on the similarity of the positives.
func (o *oracle) dclw() map[string]*number {
	sigma := o.config.Sigma
	if o.wrong == "sigma is doubled" {
		sigma *= 2
	}
	u := o.directions(o.z)
	return o.contrast(func(v, w, i int, positive *number, negatives, _ []*number) (similarity, entropy *number) {
		var all []*number
		for j := range o.n {
			all = append(all, o.exp(o.scale(o.dot(u[v][j], u[w][j]), 1/sigma)))
		}
		mean := o.mean(all...)
		if o.wrong == "the weights are of a sum" {
			mean = o.add(all...)
		}
		weight := o.sub(constant(2), o.mul(all[i], o.inverse(mean)))
		weight = o.frozen([]*number{weight})[0]
		if o.wrong == "there are no weights" {
			weight = constant(1)
		}
		return o.scale(o.mul(weight, positive), -1), o.logSumExp(negatives)
	})
}

// pairLoss is the loss of an anchor, view v of image i, with view w of it, in two terms, from s/τ of that positive, of
// the negatives, and of the other positives.
type pairLoss func(v, w, i int, positive *number, negatives, others []*number) (similarity, entropy *number)

// contrast is the mean over anchors and positives of a loss.
func (o *oracle) contrast(loss pairLoss) map[string]*number {
	u := o.directions(o.z)
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
	switch o.config.Negatives {
	case "patch-same", "crop-same":
		for k := range o.config.NegativesK {
			image := i
			if o.wrong == "negatives are of the next image" {
				image = (i + 1) % o.n
			}
			logits = append(logits, o.similarity(anchor, o.direction(o.extra[k][image])))
		}
	case "patch-fixed":
		logits = append(logits, o.similarity(anchor, o.direction(o.patch[0])))
	case "random-k":
		for _, j := range o.smallestDraws(i) {
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

// smallestDraws returns the other images with the NegativesK smallest draws in row i.
func (o *oracle) smallestDraws(i int) []int {
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
		return others[:o.config.NegativesK+1]
	}
	return others[:o.config.NegativesK]
}
