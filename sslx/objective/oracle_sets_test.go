package objective

// moco is He et al. 2020, equation 1, for the query of each view and the key of each other one.
func (o *oracle) moco() map[string]*number {
	q, k := o.directions(o.z), o.directions(o.target)
	queue := o.queued
	if o.wrong == "a negative is dropped" {
		queue = queue[1:]
	}
	var similarities, entropies []*number
	o.others(func(v, w, i int) {
		switch {
		case o.wrong == "anchors are of the first view only" && v != 0:
			return
		case o.wrong == "query and key are of the same view":
			w = v
		}
		positive := o.similarity(q[v][i], o.frozen(k[w][i]))
		var denominator []*number
		if o.wrong != "the positive is left out of the denominator" {
			denominator = append(denominator, positive)
		}
		for _, key := range queue {
			denominator = append(denominator, o.similarity(q[v][i], o.frozen(key)))
		}
		similarities = append(similarities, o.scale(positive, -1))
		entropies = append(entropies, o.logSumExp(denominator))
	})
	return map[string]*number{"similarity": o.mean(similarities...), "entropy": o.mean(entropies...)}
}

// supCon is Khosla et al. 2020, equation 2: of the positives of an anchor, all others of its label, the mean.
func (o *oracle) supCon() map[string]*number {
	var u [][]*number
	for _, rows := range o.directions(o.z) {
		u = append(u, rows...)
	}
	var similarities, entropies []*number
	for a := range u {
		var denominator, positives []*number
		for b := range u {
			s := o.similarity(u[a], u[b])
			same := o.labels[a%o.n] == o.labels[b%o.n]
			if o.wrong == "labels are not used" {
				same = a%o.n == b%o.n
			}
			switch {
			case a == b && o.wrong != "the diagonal is not masked":
				continue
			case same && a != b:
				positives = append(positives, s)
				if o.wrong == "positives are left out of the denominator" {
					continue
				}
			}
			denominator = append(denominator, s)
		}
		if o.wrong == "a negative is dropped" {
			denominator = denominator[1:]
		}
		positive := o.mean(positives...)
		switch o.wrong {
		case "the mean over positives is inside the logarithm": // L_in, equation 3
			positive = o.sub(o.logSumExp(positives), o.log(constant(float64(len(positives)))))
		case "positives are added":
			positive = o.add(positives...)
		}
		similarities = append(similarities, o.scale(positive, -1))
		entropies = append(entropies, o.logSumExp(denominator))
	}
	return map[string]*number{"similarity": o.mean(similarities...), "entropy": o.mean(entropies...)}
}
