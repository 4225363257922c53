package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
)

func dataVerifyCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [NAME|PATH...]",
		Short: "Look for damage in packed data sets",
		Long: `Read packed data sets whole and compare every checksum: those of a name in the cache, those at a path, or all
in the cache. The exit status is 1 when one is damaged.`,
		Example: `  sslx data verify
  sslx data verify cifar10 /data/photos-64x64-short-crop.sslx`,
		Args:              arguments(0, -1),
		ValidArgsFunction: completeDataName,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.dataVerify(cmd.Context(), args, asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// verdict is what was found of one pack.
type verdict struct {
	Pack   string `json:"pack"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func (a *app) dataVerify(ctx context.Context, names []string, asJSON bool) error {
	packs, err := packsOf(names)
	if err != nil {
		return err
	}
	verdicts, damaged := []verdict{}, 0
	for _, pack := range packs {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := verdict{Pack: pack, OK: true, Detail: "whole"}
		if err := dataset.Verify(pack); err != nil {
			v.OK, v.Detail = false, sentence(err.Error())
			damaged++
		}
		verdicts = append(verdicts, v)
	}
	if err := a.printVerdicts(verdicts, asJSON); err != nil {
		return err
	}
	if damaged > 0 {
		return fmt.Errorf("%d of %d packs are damaged: import or get them again", damaged, len(packs))
	}
	return nil
}

func (a *app) printVerdicts(verdicts []verdict, asJSON bool) error {
	if asJSON {
		return a.printJSON(verdicts)
	}
	t := table{left: 2}
	for _, v := range verdicts {
		mark := "ok"
		if !v.OK {
			mark = "damaged"
		}
		t.add(mark, v.Pack)
		if !v.OK {
			t.add("", v.Detail)
		}
	}
	return t.print(a.stdout)
}

// packsOf returns the packs that names and paths mean, or all packs of the cache when there are none.
func packsOf(names []string) (packs []string, err error) {
	listings, err := dataset.List(dataset.LocateOptions{})
	if err != nil {
		return nil, err
	}
	listings = slices.DeleteFunc(listings, func(l dataset.Listing) bool {
		return l.State != dataset.StatePacked && l.State != dataset.StateDamaged
	})
	if len(names) == 0 {
		return packsNamed(listings, func(dataset.Listing) bool { return true }), nil
	}
	for _, name := range names {
		found := packsNamed(listings, func(l dataset.Listing) bool {
			return l.Name == name || l.State == dataset.StateDamaged && strings.HasPrefix(l.Name, name+"-")
		})
		if info, err := os.Stat(name); found == nil && err == nil && !info.IsDir() {
			found = []string{name}
		}
		if found == nil {
			return nil, unknownPack(name, listings)
		}
		packs = append(packs, found...)
	}
	return packs, nil
}

func packsNamed(listings []dataset.Listing, wanted func(dataset.Listing) bool) (packs []string) {
	for _, l := range listings {
		if wanted(l) {
			packs = append(packs, l.Path)
		}
	}
	return packs
}

func unknownPack(name string, listings []dataset.Listing) error {
	var known []string
	for _, l := range listings {
		known = append(known, l.Name)
	}
	if near := usage.Nearest(name, known); near != "" {
		return usage.Errorf("there is no packed data set %q: did you mean %q?", name, near)
	}
	return usage.Errorf("there is no packed data set %q: `sslx data list` shows those that there are", name)
}
