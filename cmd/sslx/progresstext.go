package main

import (
	"fmt"
	"strings"
	"time"
)

// First words of the phases that count bytes.
const (
	phaseInstall  = "install"
	phaseDownload = "download"
)

// text describes the state of a phase: "train: 300/1000, 12.1/s, 58s left, loss 4.1".
func (p *progress) text() string {
	count := func(n int64) string { return fmt.Sprint(n) }
	if verb, _, _ := strings.Cut(p.phase, " "); verb == phaseInstall || verb == phaseDownload {
		count = bytesText
	}
	var parts []string
	now := p.latest
	took := p.now().Sub(p.begun).Seconds()
	if now.Total > 0 {
		parts = append(parts, count(now.Done)+"/"+count(now.Total))
	} else if now.Done > 0 {
		parts = append(parts, count(now.Done))
	}
	if made := now.Done - p.base; made > 0 && took > 0 {
		rate := float64(made) / took
		parts = append(parts, rateText(rate, count)+"/s")
		if now.Total >= now.Done {
			parts = append(parts, leftText(float64(now.Total-now.Done)/rate)+" left")
		}
	}
	if now.Detail != "" {
		parts = append(parts, now.Detail)
	}
	if parts == nil {
		return p.phase + " …"
	}
	return p.phase + ": " + strings.Join(parts, ", ")
}

func rateText(rate float64, count func(int64) string) string {
	if rate < 100 {
		return fmt.Sprintf("%.3g", rate)
	}
	return count(int64(rate))
}

func leftText(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

// bytesText writes a number of bytes with a decimal unit.
func bytesText(n int64) string {
	value, unit := float64(n), 0
	for value >= 1000 && unit < 4 {
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.3g %s", value, [...]string{"B", "kB", "MB", "GB", "TB"}[unit])
}
