// Package services has fakes of the APIs on the internet that the applications call.
package services

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strings"
	"sync"
	"time"
)

// OpenAI returns a fake of the AI API's path /v1/responses. It names the waste on a photo by its color, and repeats a text
// without one. Above perSecond calls it answers 429, with the header Retry-After.
func OpenAI(perSecond int) http.Handler {
	limit := &limiter{perSecond: perSecond}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			http.Error(w, "no key", http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodPost || r.URL.Path != "/v1/responses" {
			http.NotFound(w, r)
			return
		}
		if !limit.allow(time.Now()) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "over the limit", http.StatusTooManyRequests)
			return
		}
		answer, err := respond(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply(w, map[string]any{"output": []any{map[string]any{"content": []any{map[string]any{"type": "output_text", "text": answer}}}}})
	})
}

// content is a part of a message.
type content struct {
	Type     string
	Text     string
	ImageURL string `json:"image_url"`
}

func respond(r *http.Request) (string, error) {
	var request struct {
		Input []struct{ Content []content }
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return "", fmt.Errorf("reading the request: %w", err)
	}
	var text string
	for _, message := range request.Input {
		for _, part := range message.Content {
			if part.Type == "input_image" {
				return waste(part.ImageURL)
			}
			text = part.Text
		}
	}
	return text[strings.LastIndex(text, "\n")+1:], nil
}

// Photo returns a JPEG of a kind of waste that OpenAI recognizes: bottle, can, newspaper, or any other name. Photos of
// different numbers differ.
func Photo(kind string, number int) []byte {
	picture := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	shade, ok := colors[kind]
	if !ok {
		shade = color.RGBA{0, 160, 0, 0xff}
	}
	for y := range 480 {
		for x := range 640 {
			picture.Set(x, y, shade)
		}
	}
	for x := range 16 {
		if number>>x&1 == 1 {
			for y := range 8 {
				picture.Set(x*8, y, color.Black)
			}
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		panic(err) // a buffer takes every write
	}
	return out.Bytes()
}

var colors = map[string]color.RGBA{"can": {200, 0, 0, 0xff}, "bottle": {0, 0, 200, 0xff}, "newspaper": {230, 230, 230, 0xff}}

// waste returns the kind of a photo, by the color of its middle.
func waste(address string) (string, error) {
	_, encoded, ok := strings.Cut(address, "data:image/jpeg;base64,")
	if !ok {
		return "", fmt.Errorf("image_url must be a JPEG in base64")
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", fmt.Errorf("image_url: %w", err)
	}
	picture, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("image_url: %w", err)
	}
	middle := picture.Bounds().Size().Div(2)
	red, green, blue, _ := picture.At(middle.X, middle.Y).RGBA()
	const bright = 0x8000
	switch {
	case red > bright && green > bright && blue > bright:
		return "newspaper", nil
	case red > bright:
		return "can", nil
	case blue > bright:
		return "bottle", nil
	}
	return "asbestos", nil // no rule has it
}

// Kakao returns a fake of Kakao's search by keyword.
func Kakao() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "KakaoAK ") {
			http.Error(w, "no key", http.StatusUnauthorized)
			return
		}
		if r.URL.Path != "/v2/local/search/keyword.json" {
			http.NotFound(w, r)
			return
		}
		query := r.URL.Query().Get("query")
		reply(w, map[string]any{"documents": []any{map[string]string{"place_name": query + " center"}, map[string]string{"place_name": query + " point"}}})
	})
}

func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // a client that hangs up retries
}

// limiter counts calls by second.
type limiter struct {
	perSecond int

	mu     sync.Mutex
	second int64
	calls  int
}

func (l *limiter) allow(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if second := now.Unix(); second != l.second {
		l.second, l.calls = second, 0
	}
	l.calls++
	return l.calls <= l.perSecond
}
