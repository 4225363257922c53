package main

import (
	"bytes"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/augment"
)

func TestDataViewsDrawsASheet(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	status, stdout, stderr := call(t, "data", "views", "--data", "photos", "--count", "3", "--out", "s.png")
	if status != statusDone || stdout != "s.png\n" {
		t.Fatalf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	text, err := os.ReadFile("s.png")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	// 4 pixels become 96: 3 + 96 + 18, twice 96 + 6 + 172 with 18 between, and 3; 3 + 18, and three lines of 96 or more.
	if size := picture.Bounds().Size(); size.X != 686 || size.Y < 3+18+3*96 {
		t.Errorf("the sheet is %v", size)
	}
}

func TestWrongUsageOfDataViewsExitsWith2(t *testing.T) {
	isolate(t)
	for args, says := range map[string]string{
		"data views": "data views needs --out SHEET.png",
		"data views --preset simclr-cifra --out s.png":  `did you mean "simclr-cifar"?`,
		"data views --count 0 --out s.png":              "--count is 0: it must be from 1 to 256",
		"data views --data absent --out s.png":          `there is no data set "absent"`,
		"data views --seed -1 --out s.png":              `--seed is "-1"`,
		"data views --out s.png --preset paper extra":   `"extra" is one argument too many`,
		"data view --out s.png":                         `did you mean "views"?`,
		"data views --out s.png --presets simclr-cifar": "did you mean --preset?",
	} {
		status, stdout, stderr := call(t, strings.Fields(args)...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, says) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want 2 and %q", args, status, stdout, stderr, says)
		}
	}
}

func TestACaptionNamesWhatWasApplied(t *testing.T) {
	for _, test := range []struct {
		op    augment.Operation
		drawn map[string]float32
		want  string
	}{
		{augment.HorizontalFlip{Probability: 0.5}, map[string]float32{"flipped": 0.4}, "horizontal-flip"},
		{augment.HorizontalFlip{Probability: 0.5}, map[string]float32{"flipped": 0.5}, ""},
		{augment.ColorJitter{Probability: 0.8}, map[string]float32{"jittered": 0.1, "hue": -0.05, "contrast": 1.2345},
			"color-jitter contrast\u00a01.23 hue\u00a0-0.05"},
		{augment.ResizedCrop{}, map[string]float32{"top": 3, "left": 12}, "resized-crop left\u00a012 top\u00a03"},
		{augment.GaussianNoise{}, nil, "gaussian-noise"},
	} {
		if got := caption(test.op, test.drawn); got != test.want {
			t.Errorf("the caption of %T is %q, want %q", test.op, got, test.want)
		}
	}
}
