package report

import (
	"context"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// Share writes what the records of the run in dir say to files that can be given away: page is one HTML file with
// curves and pictures, which loads nothing and runs no script, and card is a model card in Markdown; "" leaves one out.
// Pictures of a finished run whose data can be opened are drawn, and stay in the run folder; otherwise opt.Warn says
// why not, and those that are there are taken. A file that exists and is neither a page nor a card is a usage error.
func Share(ctx context.Context, dir, page, card string, opt sslx.Options) error {
	if page == "" && card == "" {
		return usage.Errorf("nothing to write: name a page or a card")
	}
	if page != "" {
		if err := checkTarget(page); err != nil {
			return err
		}
	}
	if card != "" {
		if err := checkCard(card); err != nil {
			return err
		}
	}

	// The records first: a damaged run is refused before anything is drawn.
	r, err := ReadRun(dir)
	if err != nil {
		return err
	}
	if page != "" {
		if err := r.drawNew(ctx, dir, opt); err != nil {
			return err
		}
		if err := r.Write(page); err != nil {
			return err
		}
	}
	if card == "" {
		return nil
	}
	return r.writeCard(card, dir)
}

// drawNew draws the pictures of the run, and keeps them where that is possible.
func (r *Run) drawNew(ctx context.Context, dir string, opt sslx.Options) error {
	gallery, err := sslx.Illustrate(ctx, dir, opt)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		opt.Warnf("no new pictures of run %s: %v", record.Name(dir), err)
		return nil
	}
	if err := r.draw(gallery); err != nil {
		return err
	}
	if err := WritePictures(dir, gallery); err != nil {
		opt.Warnf("%v", err)
	}
	return nil
}
