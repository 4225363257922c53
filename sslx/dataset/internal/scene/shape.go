package scene

import "math"

// shapeDistance is the approximate signed distance in pixels, negative inside, from the outline of a shape whose long
// half axis lies along u. The order of shapes is the one in Factors.
func shapeDistance(shape int32, u, v, long, short float64) float64 {
	// All shapes are symmetric about the long axis.
	v = math.Abs(v)
	switch shape {
	case 0:
		return ellipseDistance(u, v, long, short)
	case 1:
		return max(math.Abs(u)-0.9*long, v-0.9*short)
	case 2:
		// Apex at u = long; the base is at u = -0.8 long.
		wide, tall := 1.2*short, 1.8*long
		return max(-u-0.8*long, (wide*(u-long)+tall*v)/norm(wide, tall))
	case 3:
		bar := max(math.Abs(u)-1.05*long, v-0.36*short)
		arm := max(math.Abs(u)-0.26*long, v-1.15*short)
		return min(bar, arm)
	case 4:
		return max(ellipseDistance(u, v, 1.05*long, 1.05*short), -ellipseDistance(u, v, 0.55*long, 0.5*short))
	default:
		slope := 1.05 * short / long
		return max(math.Abs(u)-0.95*long, (v-0.12*short-slope*math.Abs(u))/norm(1, slope))
	}
}

// ellipseDistance is the first-order distance f / |grad f| of Taubin (1994, https://doi.org/10.1145/174462.174463).
func ellipseDistance(u, v, long, short float64) float64 {
	radius := norm(u/long, v/short)
	gradient := norm(u/(long*long), v/(short*short))
	if gradient == 0 {
		return -short
	}
	return radius * (radius - 1) / gradient
}
