package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/sslx-go/lab/bench"
)

func (a *app) printBench(r bench.Result) error {
	t := table{left: 2}
	t.add("", "version", "median", "q1", "q3", "sslx is")
	rates := func(name, version string, r bench.Rates, faster string) {
		t.add(name, version, digits(r.Median), digits(r.Q1), digits(r.Q3), faster)
	}
	rates("sslx", moduleVersion(), r.Sslx, "")
	for _, p := range r.Peers {
		rates(p.Name, p.Version, p.Rates, fmt.Sprintf("%.2fx", r.Ratio[p.Name]))
	}
	if err := t.print(a.stdout); err != nil {
		return err
	}
	notes := table{left: 2}
	notes.add("unit", fmt.Sprintf("%s, %d turns each, on %s", r.Sslx.Unit, len(r.Sslx.Turns), r.Environment.Device))
	if r.Busy > bench.QuietCores {
		notes.add("warning", fmt.Sprintf("%.1f cores were busy with other work between turns: the ratios are wrong", r.Busy))
	}
	notes.add("first", fmt.Sprintf("sslx took %.1f s to the end of its first unit of work, compilation included", r.First))
	if p := r.Peak; p != nil {
		notes.add("peak", fmt.Sprintf("%s GFLOP/s, %.0f %% of the %s of a matrix product", digits(p.Image*r.Sslx.Median),
			100*p.Share, digits(p.Product.Median)))
	}
	for _, p := range r.Peers {
		notes.add(p.Name, p.Note)
	}
	for _, m := range r.Missing {
		notes.add(m.Name, m.Reason+": run "+m.Install)
	}
	fmt.Fprintln(a.stdout)
	return notes.print(a.stdout)
}

// digits prints a number with at least three digits.
func digits(x float64) string {
	if x <= 0 {
		return "0"
	}
	return strconv.FormatFloat(x, 'f', max(0, 2-int(math.Floor(math.Log10(x)))), 64)
}
