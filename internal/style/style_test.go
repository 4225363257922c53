package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestCheck_FindsWhatBreaksARule(t *testing.T) {
	long := strings.Repeat("x", 113)
	for _, c := range []struct {
		file, text string
		want       []string
	}{
		{"a.go", "package a\n\n// A is a loss.\nvar A = \"colors\"\n", nil},
		{"a.go", "package a\n\nvar b = 1 /" + "/ " + long[:106] + "\n", nil},
		{"a.go", "package a\n\nfunc b() {\n\t_ = \"" + long + "\"\n}\n", []string{"123 columns"}},
		{"a.go", "package a\n\nvar b = `" + long + "x\n" + long + long + "`\n", nil},
		{"a.go", "package a\n\n// A col" + "our that goes" + " on.\nvar A int\n",
			[]string{"col" + "our", "goes" + " on"}},
		{"a.go", "package a\n\nvar cen" + "tre = \"an" + "ew\"\n", []string{"cen" + "tre", "an" + "ew"}},
		{"a.md", "Fix it.\nM" + "end it.\n", []string{"M" + "end"}},
	} {
		var got []string
		for _, v := range check(c.file, []byte(c.text)) {
			got = append(got, v.text)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}
