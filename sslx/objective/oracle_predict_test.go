package objective

// byol is Grill et al. 2020, equation 2 with its symmetric form added: the squared distance of the directions.
func (o *oracle) byol() map[string]*number {
	loss := o.scale(o.crossed(o.target, func(q, z []*number) *number {
		var squares []*number
		for k := range q {
			squares = append(squares, o.square(o.sub(q[k], z[k])))
		}
		return o.add(squares...)
	}), 2)
	if o.wrong == "directions are averaged" {
		loss = o.scale(loss, 0.5)
	}
	return map[string]*number{"": loss}
}

// simSiam is Chen and He 2021, equations 1 to 4: the mean of the negative cosines of both directions.
func (o *oracle) simSiam() map[string]*number {
	loss := o.crossed(o.z, func(p, z []*number) *number {
		return o.scale(o.dot(p, z), -1)
	})
	if o.wrong == "directions are added" {
		loss = o.scale(loss, 2)
	}
	return map[string]*number{"": loss}
}

// crossed is the mean over pairs of a distance between a prediction and another view's direction without a gradient.
func (o *oracle) crossed(views [][][]*number, distance func(q, z []*number) *number) *number {
	var all []*number
	o.others(func(v, w, i int) {
		switch {
		case o.wrong == "predictions are of the first view only" && v != 0:
			return
		case o.wrong == "prediction and embedding are of the same view":
			w = v
		}
		all = append(all, distance(o.direction(o.q[v][i]), o.direction(o.frozen(views[w][i]))))
	})
	return o.mean(all...)
}

// supervised is the mean cross entropy of the softmax of the logits of each view.
func (o *oracle) supervised() map[string]*number {
	var all []*number
	for v := range o.views {
		if o.wrong == "logits are of the first view only" && v != 0 {
			continue
		}
		for i, row := range o.logit[v] {
			label := o.labels[i]
			if o.wrong == "labels are those of the next class" {
				label = (label + 1) % classes
			}
			denominator := o.logSumExp(row)
			if o.wrong == "the label is left out of the denominator" {
				denominator = o.logSumExp(append(append([]*number(nil), row[:label]...), row[label+1:]...))
			}
			all = append(all, o.sub(denominator, row[label]))
		}
	}
	return map[string]*number{"": o.mean(all...)}
}
