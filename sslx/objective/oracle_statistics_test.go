package objective

// vicReg is Bardes et al. 2022, equations 1 to 6, with the normalisations of the authors' code: a mean over dimensions
// in the similarity, and over the two views in the variance.
func (o *oracle) vicReg() map[string]*number {
	var distances, hinges, covariances []*number
	for v := range o.views {
		for w := range v {
			for i := range o.n {
				for k := range o.dim {
					distances = append(distances, o.square(o.sub(o.z[v][i][k], o.z[w][i][k])))
				}
			}
		}
		columns := o.columns(o.z[v])
		for i := range columns {
			variance := o.covariance(columns[i], columns[i], "the variance is divided by N")
			epsilon := 1e-4
			if o.wrong == "there is no epsilon" {
				epsilon = 0
			}
			deviation := o.sqrt(o.add(variance, constant(epsilon)))
			if o.wrong == "the variance is taken for the deviation" {
				deviation = variance
			}
			hinge := o.sub(constant(1), deviation)
			if o.wrong != "there is no hinge" {
				hinge = o.positive(hinge)
			}
			hinges = append(hinges, hinge)
		}
		covariances = append(covariances, o.offDiagonal(columns))
	}
	parts := map[string]*number{
		"similarity": o.scale(o.mean(distances...), o.config.Similarity),
		"variance":   o.scale(o.mean(hinges...), o.config.Variance),
		"covariance": o.scale(o.mean(covariances...), 2*o.config.Covariance),
	}
	switch o.wrong {
	case "the similarity is summed over dimensions":
		parts["similarity"] = o.scale(parts["similarity"], float64(o.dim))
	case "the variance is summed over views":
		parts["variance"] = o.scale(parts["variance"], float64(o.views))
	case "the covariance is the mean of the views'":
		parts["covariance"] = o.scale(parts["covariance"], 0.5)
	}
	return parts
}

// offDiagonal is the sum of the squares of the covariances of different columns, over the number of columns.
func (o *oracle) offDiagonal(columns [][]*number) *number {
	squares := []*number{constant(0)}
	for i := range columns {
		for j := range columns {
			if i != j || o.wrong == "the diagonal is in the covariance" {
				c := o.covariance(columns[i], columns[j], "the covariance is divided by N")
				squares = append(squares, o.square(c))
			}
		}
	}
	if o.wrong == "the covariance is not divided by dim" {
		return o.add(squares...)
	}
	return o.scale(o.add(squares...), 1/float64(o.dim))
}

// covariance is over the batch, with divisor N-1.
func (o *oracle) covariance(a, b []*number, biased string) *number {
	if o.wrong == biased {
		return o.scale(o.dot(a, b), 1/float64(o.n))
	}
	return o.scale(o.dot(a, b), 1/float64(o.n-1))
}

// columns returns the numbers of each dimension over the batch, less their mean.
func (o *oracle) columns(rows [][]*number) [][]*number {
	columns := make([][]*number, o.dim)
	for k := range columns {
		for _, row := range rows {
			columns[k] = append(columns[k], row[k])
		}
		if o.wrong != "the mean is not subtracted" {
			columns[k] = o.centered(columns[k])
		}
	}
	return columns
}

// barlow is Zbontar et al. 2021, equations 1 and 2.
func (o *oracle) barlow() map[string]*number {
	standard := make([][][]*number, o.views)
	for v := range standard {
		for _, column := range o.columns(o.z[v]) {
			if o.wrong == "dimensions are not divided by their deviation" {
				standard[v] = append(standard[v], column)
			} else {
				standard[v] = append(standard[v], o.unit(column))
			}
		}
	}
	var invariance, redundancy []*number
	for v := range o.views {
		for w := range v {
			other := standard[w]
			if o.wrong == "a view is correlated with itself" {
				other = standard[v]
			}
			diagonal, rest := o.correlations(standard[v], other)
			invariance, redundancy = append(invariance, diagonal), append(redundancy, rest)
		}
	}
	lambda := o.config.Lambda
	if o.wrong == "lambda is doubled" {
		lambda *= 2
	}
	parts := map[string]*number{
		"invariance": o.scale(o.mean(invariance...), o.config.Scale),
		"redundancy": o.scale(o.mean(redundancy...), o.config.Scale*lambda),
	}
	if o.wrong == "the loss is not scaled" {
		parts["invariance"] = o.scale(parts["invariance"], 1/o.config.Scale)
		parts["redundancy"] = o.scale(parts["redundancy"], 1/o.config.Scale)
	}
	return parts
}

func (o *oracle) correlations(a, b [][]*number) (diagonal, rest *number) {
	on, off := []*number{constant(0)}, []*number{constant(0)}
	for i := range a {
		for j := range b {
			c := o.dot(a[i], b[j])
			if o.wrong == "deviations have divisor N-1 and correlations N" {
				c = o.scale(c, float64(o.n-1)/float64(o.n))
			}
			if i == j {
				on = append(on, o.square(o.sub(constant(1), c)))
			}
			if i != j || o.wrong == "the diagonal is in the redundancy" {
				off = append(off, o.square(c))
			}
		}
	}
	return o.add(on...), o.add(off...)
}
