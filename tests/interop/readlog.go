// readlog DIR VKEY OLDSIZE: reads an exported log with golang.org/x/mod/sumdb only, no code of ours.
//
// It opens the checkpoint with note, rebuilds the tree from the entry bundles with tlog, compares it with every
// hash tile through tlog's own tile reader, and makes and checks inclusion and consistency proofs.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tileFiles serves tlog's tiles from the export, whose paths leave out the tile height.
type tileFiles struct{ dir string }

func (t tileFiles) Height() int { return 8 }

func (t tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(t.dir, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (t tileFiles) SaveTiles([]tlog.Tile, [][]byte) {}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	dir := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	must(err)
	old, err := strconv.ParseInt(os.Args[3], 10, 64)
	must(err)
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	must(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)

	var stored []tlog.Hash
	own := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	var count int64
	for count < size {
		tile := tlog.Tile{H: 8, L: -1, N: count / 256, W: 256}
		if size-count < 256 {
			tile.W = int(size - count)
		}
		name := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(dir, name))
		must(err)
		for n := 0; n < tile.W; n++ {
			length := int(binary.BigEndian.Uint16(data))
			hashes, err := tlog.StoredHashes(count, data[2:2+length], own)
			must(err)
			stored = append(stored, hashes...)
			data = data[2+length:]
			count++
		}
		if len(data) != 0 {
			must(fmt.Errorf("%s: %d bytes too many", name, len(data)))
		}
	}
	computed, err := tlog.TreeHash(size, own)
	must(err)
	if computed != root {
		must(fmt.Errorf("root %v from the entries, %v signed", computed, root))
	}

	tiles := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tileFiles{dir})
	for index := int64(0); index < size; index += 1 + size/50 {
		proof, err := tlog.ProveRecord(size, index, tiles)
		must(err)
		must(tlog.CheckRecord(proof, size, root, index, stored[tlog.StoredHashIndex(0, index)]))
	}
	oldRoot, err := tlog.TreeHash(old, own)
	must(err)
	grown, err := tlog.ProveTree(size, old, tiles)
	must(err)
	must(tlog.CheckTree(grown, size, root, old, oldRoot))
	fmt.Printf("%s %d %v\n", lines[0], size, root)
	for _, hash := range grown {
		fmt.Println(hash)
	}
}
