package plots

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestConfusionMatrix_ShowsSharesAndNames(t *testing.T) {
	m := ConfusionMatrix{Title: "simclr on animals", Classes: []string{"cat", "dog", "eel"},
		Counts: [][]int{{8, 2, 0}, {5, 5, 0}, {0, 0, 0}}}
	f, err := m.Figure()
	if err != nil {
		t.Fatal(err)
	}
	want := "Confusion matrix of 3 classes: simclr on animals. Right, and most often taken for: cat 80 % (dog 20 %); " +
		"dog 50 % (cat 50 %); eel without images."
	if f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{">80<", ">20<", ">50<", ">cat<", ">eel<", "columns: predicted"} {
		if !strings.Contains(string(svg), text) {
			t.Errorf("the figure lacks %s", text)
		}
	}
}

// Many classes have small cells, without numbers, and at last without names.
func TestConfusionMatrix_OfManyClassesStaysSmall(t *testing.T) {
	for _, n := range []int{20, 43, 100} {
		m := ConfusionMatrix{Title: "many"}
		for i := range n {
			m.Classes, m.Counts = append(m.Classes, fmt.Sprintf("class%d", i)), append(m.Counts, make([]int, n))
			m.Counts[i][i] = 1
		}
		f, err := m.Figure()
		if err != nil {
			t.Fatal(err)
		}
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		numbers, names := strings.Contains(string(svg), ">100<"), strings.Contains(string(svg), ">class3<")
		if numbers != (n <= numbered) || names != (n <= named) {
			t.Errorf("%d classes: numbers or names are not as they should be", n)
		}
		if f.width > 640 || f.height > 700 {
			t.Errorf("%d classes take %v x %v points", n, f.width, f.height)
		}
	}
}

func TestConfusionMatrix_RefusesWhatIsNone(t *testing.T) {
	for what, m := range map[string]ConfusionMatrix{
		"0 classes":    {},
		"2 counts for": {Classes: []string{"a"}, Counts: [][]int{{1, 2}}},
		"the count -1": {Classes: []string{"a"}, Counts: [][]int{{-1}}},
	} {
		if _, err := m.Figure(); !usage.Is(err) || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want %s", err, what)
		}
	}
}
