package objective_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/objective"
)

func init() {
	loss := objective.DINO{TeacherTemperature: 0.2, CenterMomentum: 0.9, Prototypes: prototypeRows, EMA: 0.996,
		TeacherViews: 2}
	all := loss
	all.Temperature, all.TeacherViews = 0.1, 0
	subjects["dino"] = subject{
		loss:   loss,
		oracle: (*oracle).dino,
		mistakes: []string{
			"the center is not subtracted", "the teacher is not sharpened", "the teacher sees every view",
			"student and teacher see the same view", "the teacher has the student's prototypes",
			"prototypes are not normalized", "a prototype is dropped", "vectors are not normalized",
			"the temperature is doubled", leak,
		},
		by:       []string{"prototypes", "views", "targets"},
		variants: []objective.Objective{all},
		equalAt: func(b batch, τ float64) float64 {
			return distilled(b, τ, func(int) int { return 3 })
		},
		chanceLevel: math.Log(prototypeRows),
		orthonormal: func(n, dim int, τ float64) float64 {
			return distilled(randomBatch(n, dim, 2, 0, 1), τ, func(i int) int { return i })
		},
	}
}

// distilled is the cross entropy where all that is of image i is the unit vector of an axis.
func distilled(b batch, τ float64, axis func(image int) int) (loss float64) {
	student, teacher := b.prototypes.normalized(), b.targetPrototypes.normalized()
	for i := range b.n {
		wanted, all, total, log := make([]float64, prototypeRows), 0.0, 0.0, 0.0
		for k := range wanted {
			wanted[k] = math.Exp((teacher[k][axis(i)] - b.state[0][k]) / 0.2)
			all, total = all+wanted[k], total+math.Exp(student[k][axis(i)]/τ)
		}
		for k := range wanted {
			log += wanted[k] / all * (student[k][axis(i)]/τ - math.Log(total))
		}
		loss -= log / float64(b.n)
	}
	return loss
}

// dino is Caron et al. 2021, equations 1 to 4.
func (o *oracle) dino() map[string]*number {
	d := o.loss.(objective.DINO)
	seen := o.views
	if d.TeacherViews > 0 && o.wrong != "the teacher sees every view" {
		seen = min(d.TeacherViews, o.views)
	}
	sharpening := d.TeacherTemperature
	if o.wrong == "the teacher is not sharpened" {
		sharpening = o.temperature()
	}
	prototypes := o.prototypes()

	var teachers [][]*number
	for _, row := range leaves(o.targetPrototypes) {
		teachers = append(teachers, o.unit(row))
	}
	switch o.wrong {
	case "the teacher has the student's prototypes":
		teachers = leaves(o.batch.prototypes.normalized())
	case "a prototype is dropped":
		teachers = teachers[1:]
	}

	var losses []*number
	for v := range seen {
		for i := range o.n {
			var logits []*number
			for k, s := range o.scores([][]*number{o.frozen(o.target[v][i])}, teachers)[0] {
				if o.wrong != "the center is not subtracted" {
					s = o.sub(s, constant(o.state[0][k]))
				}
				logits = append(logits, o.scale(s, 1/sharpening))
			}
			all := o.logSumExp(logits)
			for w := range o.views {
				if (w == v) != (o.wrong == "student and teacher see the same view") {
					continue
				}
				var own []*number
				for _, s := range o.scores([][]*number{o.z[w][i]}, prototypes)[0] {
					own = append(own, o.scale(s, 1/o.temperature()))
				}
				total := o.logSumExp(own)
				var terms []*number
				for k := range own {
					terms = append(terms, o.mul(o.exp(o.sub(logits[k], all)), o.sub(total, own[k])))
				}
				losses = append(losses, o.add(terms...))
			}
		}
	}
	return map[string]*number{"": o.mean(losses...)}
}

func TestDINO_TheCenterFollowsTheTeacher(t *testing.T) {
	const dim = 4
	b := randomBatch(5, dim, 3, 1, 1)
	d := objective.DINO{Temperature: 0.1, TeacherTemperature: 0.04, CenterMomentum: 0.8, Prototypes: prototypeRows,
		EMA: 0.99, TeacherViews: 2}
	exec := MustNewExec(testbackend.PureGo(t), func(nodes []*Node) *Node {
		return objective.Loss(d, inputs(d, nodes)).State["center"]
	})
	got := floats(exec.MustCall(b.tensors()...)[0])

	teacher := b.targetPrototypes.normalized()
	for k := range got {
		seen := 0.0
		for _, view := range b.targets[:2] {
			for _, row := range view.normalized() {
				for j := range row {
					seen += row[j] * teacher[k][j] / float64(2*b.n)
				}
			}
		}
		if want := 0.8*b.state[0][k] + 0.2*seen; math.Abs(got[k]-want) > 1e-6 {
			t.Errorf("prototype %d: %g, want %g", k, got[k], want)
		}
	}
}

func ExampleDINO() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.DINO{Temperature: 0.1, TeacherTemperature: 0.04, CenterMomentum: 0.9, Prototypes: 2, EMA: 0.996}
	exec := MustNewExec(h.Backend, func(student, teacher, prototypes, center *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:            []*Node{student, student},
			Targets:          []*Node{teacher, teacher},
			Prototypes:       prototypes,
			TargetPrototypes: prototypes,
			State:            map[string]*Node{"center": center},
		}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	east, north, prototypes := [][]float32{{2, 0}}, [][]float32{{0, 3}}, [][]float32{{1, 0}, {0, 1}}
	center := []float32{0, 0}
	fmt.Printf("right: %.4f, ", loss(east, east, prototypes, center))
	fmt.Printf("wrong: %.4f\n", loss(east, north, prototypes, center))
	// Output: right: 0.0000, wrong: 10.0000
}
