// Decodes the JPEG files that it is given by Go's own decoder and writes, for each, its height, width and channels in a
// line and its pixels.
package main

import (
	"bufio"
	"fmt"
	"image"
	"image/jpeg"
	"os"
)

func main() {
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	for _, name := range os.Args[1:] {
		file, err := os.Open(name)
		if err != nil {
			panic(err)
		}
		pixels, err := jpeg.Decode(file)
		if err != nil {
			panic(err)
		}
		file.Close()
		size := pixels.Bounds()
		_, isGrey := pixels.(*image.Gray)
		channels := 3
		if isGrey {
			channels = 1
		}
		fmt.Fprintln(output, size.Dy(), size.Dx(), channels)
		for y := size.Min.Y; y < size.Max.Y; y++ {
			for x := size.Min.X; x < size.Max.X; x++ {
				r, g, b, _ := pixels.At(x, y).RGBA()
				colours := [3]uint32{r, g, b}
				for _, value := range colours[:channels] {
					output.WriteByte(byte(value >> 8))
				}
			}
		}
	}
}
