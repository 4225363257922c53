package augment

import (
	"fmt"

	"github.com/sslx-go/lab/internal/usage"
)

// ChannelTaker is an operation that does not make sense for every number of channels. Operations without this method
// take images of any number.
type ChannelTaker interface {
	// TakesChannels returns an error when the operation cannot change images of n channels: why, and what to do.
	TakesChannels(n int) error
}

func takesChannels(op Operation, n int) error {
	if taker, ok := op.(ChannelTaker); ok {
		return taker.TakesChannels(n)
	}
	return nil
}

// TakesChannels returns a usage error for the first operation that makes no sense for images of n channels.
func (p Pipeline) TakesChannels(n int) error { return p.takesChannels(n, "operations") }

func (p Pipeline) takesChannels(n int, name string) error {
	for i, op := range p {
		if err := takesChannels(op, n); err != nil {
			return usage.Errorf("%s[%d] (%s) cannot change images of %s: %v", name, i, NameOf(op),
				channelsInWords(n), err)
		}
	}
	return nil
}

// TakesChannels returns a usage error when views of images of n channels cannot be made: color operations need three.
func (v Views) TakesChannels(n int) error {
	if n == rgb {
		return nil
	}
	for i, c := range v {
		name := "views"
		if !v.alike() {
			name = fmt.Sprintf("views[%d]", i)
		}

		switch {
		case c.Jitter > 0:
			return usage.Errorf("%s.jitter changes saturation and hue, which images of %s do not have: set it to 0, "+
				"or views to the preset %s", name, channelsInWords(n), noColor)
		case c.Gray > 0:
			return usage.Errorf("%s.gray needs red, green and blue, and the images have %s: set it to 0, or views "+
				"to the preset %s", name, channelsInWords(n), noColor)
		}
		if err := c.Operations.takesChannels(n, name+".operations"); err != nil {
			return err
		}
	}
	return nil
}

func channelsInWords(n int) string {
	if n == 1 {
		return "1 channel"
	}
	return fmt.Sprintf("%d channels", n)
}
