// The drivers of Go connect with a connection URI exactly as it was handed out: DIRECT and POOLED.
// Prints `DRIVER KIND ok` for each; fails at the first that does not answer rightly.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
)

const question = "select 40 + $1::int"

func byPgx(uri string) error {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, uri)
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	return expect(func(n *int) error { return connection.QueryRow(ctx, question, 2).Scan(n) })
}

func bySQL(driver string) func(string) error {
	return func(uri string) error {
		db, err := sql.Open(driver, uri)
		if err != nil {
			return err
		}
		defer db.Close()
		return expect(func(n *int) error { return db.QueryRow(question, 2).Scan(n) })
	}
}

func expect(ask func(*int) error) error {
	var n int
	if err := ask(&n); err != nil {
		return err
	}
	if n != 42 {
		return fmt.Errorf("40 + 2 is %d", n)
	}
	return nil
}

func main() {
	drivers := []struct {
		name  string
		drive func(string) error
	}{
		{"pgx", byPgx},
		{"pgx stdlib", bySQL("pgx")},
		{"lib/pq", bySQL("postgres")},
	}
	for _, driver := range drivers {
		for _, kind := range []string{"DIRECT", "POOLED"} {
			if err := driver.drive(os.Getenv(kind)); err != nil {
				fmt.Fprintln(os.Stderr, driver.name, kind, err)
				os.Exit(1)
			}
			fmt.Println(driver.name, strings.ToLower(kind), "ok")
		}
	}
}
