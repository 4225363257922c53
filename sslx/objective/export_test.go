package objective

// SetDefault changes the defaults of a method, and returns a function that undoes it.
func SetDefault(name string, o Objective) (undo func()) { return objectives.Replace(name, o) }
