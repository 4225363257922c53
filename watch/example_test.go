package watch_test

import (
	"fmt"
	"net/http"

	"github.com/sslx-go/lab/watch"
)

// The page of the runs below a folder, served by a program of your own.
func ExampleNew() {
	token := watch.NewToken()
	handler, err := watch.New("runs", token)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = handler.Close() }()

	fmt.Println("http://127.0.0.1:8111/?token=" + token)
	fmt.Println(http.ListenAndServe("127.0.0.1:8111", handler))
}
