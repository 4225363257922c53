package watch

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/report"
)

// claimPages keeps what the records of claims say: judging hundreds of runs takes a while.
type claimPages struct {
	mu    sync.Mutex
	pages map[string]claimPage // by store
}

// claimPage is what a page about claims shows.
type claimPage struct {
	stamp    stamp
	Path     string       `json:"path"`
	Scale    string       `json:"scale"`
	Records  int          `json:"records"`
	Error    string       `json:"error,omitempty"`
	Overview report.Table `json:"overview"`
	Claims   []claimShown `json:"claims"`
}

type claimShown struct {
	ID         string       `json:"id"`
	Belief     string       `json:"belief"`
	Prediction string       `json:"prediction"`
	Decision   string       `json:"decision"`
	Verdict    string       `json:"verdict"`
	Facts      [][2]string  `json:"facts"`
	Limits     []string     `json:"limits"`
	Made       int          `json:"made"`    // runs
	Missing    int          `json:"missing"` // runs
	Left       float64      `json:"left"`    // seconds of training, by the mean of the runs that were made
	Estimates  report.Table `json:"estimates"`
	Figure     string       `json:"figure,omitempty"` // as a data URL
	FigureText string       `json:"figure_text,omitempty"`
}

func (h *Handler) showClaims(w http.ResponseWriter, r *http.Request) {
	x, known := h.index, (*store)(nil)
	x.read(func() { known = x.stores[r.URL.Query().Get("store")] })
	if known == nil {
		refuse(w, http.StatusNotFound, "there are no such records")
		return
	}

	h.claims.mu.Lock()
	defer h.claims.mu.Unlock()
	now := stampOf(x.path(known.Path))
	page, ok := h.claims.pages[known.ID]
	if !ok || page.stamp != now {
		page = h.judge(known)
		page.stamp = now
		if h.claims.pages == nil {
			h.claims.pages = map[string]claimPage{}
		}
		h.claims.pages[known.ID] = page
	}
	answer(w, page)
}

// judge reads the records of a store and judges the claims that have any.
func (h *Handler) judge(s *store) claimPage {
	page := claimPage{Path: s.Path, Scale: string(s.Scale), Claims: []claimShown{}}
	f, _, err := openFile(h.root, s.Path) // it refuses links
	if err != nil {
		page.Error = err.Error()
		return page
	}
	_ = f.Close()
	records, err := experiments.Store{Path: h.index.path(s.Path)}.Read()
	if err != nil {
		page.Error, _, _ = strings.Cut(err.Error(), "\n")
		return page
	}
	page.Records = len(records)

	// Each claim is judged once: that takes seconds of computing.
	var judged []experiments.Claim
	var outcomes []experiments.Outcome
	for _, c := range experiments.Claims() {
		o, err := experiments.Judge(c, s.Scale, records)
		if err != nil {
			page.Error = fmt.Sprintf("claim %s: %v", c.ID, err)
			continue
		}
		if len(o.Records) > 0 {
			page.Claims = append(page.Claims, showClaim(c, o, records))
			judged, outcomes = append(judged, c), append(outcomes, o)
		}
	}
	page.Overview = report.Outcomes(judged, outcomes)
	return page
}

func showClaim(c experiments.Claim, o experiments.Outcome, records experiments.Records) claimShown {
	shown := claimShown{ID: c.ID, Belief: c.Belief, Prediction: c.Prediction, Decision: c.Decision,
		Verdict: report.VerdictText(o), Facts: report.OutcomeFacts(o), Limits: slices.Clone(o.Limits),
		Made: len(o.Records), Missing: o.Missing, Estimates: report.Estimates(o, 0)}
	shown.Left = o.Seconds / float64(shown.Made) * float64(shown.Missing)

	// A claim whose runs are not all made may have no figure yet.
	figure, err := experiments.Figure(c, o.Scale, records)
	if err != nil || figure == nil {
		return shown
	}
	if svg, err := figure.SVG(); err == nil {
		shown.Figure = "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg)
		shown.FigureText = figure.Alt
	}
	return shown
}
