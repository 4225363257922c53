package experiments

// Missing returns how many runs of plans the records lack, those that follow tuning among them. The data are taken to be
// those of the latest records.
func Missing(r Records, plans ...Plan) (int, error) {
	q := queue{records: r, fingerprint: r.fingerprint}
	err := q.fill(plans)
	return len(q.runs) + len(q.unsettled), err
}
