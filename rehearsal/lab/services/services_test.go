package services

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ask(t *testing.T, handler http.Handler, key, text, photo string) (int, string) {
	t.Helper()
	parts := []map[string]string{{"type": "input_text", "text": text}}
	if photo != "" {
		parts = append(parts, map[string]string{"type": "input_image", "image_url": photo})
	}
	body, err := json.Marshal(map[string]any{"input": []any{map[string]any{"content": parts}}})
	require.NoError(t, err)
	request := httptest.NewRequest(http.MethodPost, "/v1/responses", strings.NewReader(string(body)))
	request.Header.Set("Authorization", key)
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	answer, err := io.ReadAll(response.Result().Body)
	require.NoError(t, err)
	return response.Code, string(answer)
}

func TestOpenAI_NamesPhotos(t *testing.T) {
	ai := OpenAI(100)
	for kind, want := range map[string]string{"can": "can", "bottle": "bottle", "newspaper": "newspaper", "battery": "asbestos"} {
		status, answer := ask(t, ai, "Bearer key", "?", "data:image/jpeg;base64,"+base64.StdEncoding.EncodeToString(Photo(kind, 5)))
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, answer, `"text":"`+want+`"`)
	}
	assert.NotEqual(t, Photo("can", 1), Photo("can", 2))
}

func TestOpenAI_Refusals(t *testing.T) {
	ai := OpenAI(100)
	status, _ := ask(t, ai, "", "?", "")
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = ask(t, ai, "Bearer key", "?", "https://example.com/photo")
	assert.Equal(t, http.StatusBadRequest, status)
	status, answer := ask(t, ai, "Bearer key", "before\nHello", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, answer, `"text":"Hello"`)
}

func TestLimiter_CallsOfASecond(t *testing.T) {
	l := &limiter{perSecond: 2}
	now := time.Unix(100, 0)
	assert.Equal(t, []bool{true, true, false}, []bool{l.allow(now), l.allow(now), l.allow(now)})
	assert.True(t, l.allow(now.Add(time.Second)))
}

func TestKakao(t *testing.T) {
	request := httptest.NewRequest(http.MethodGet, "/v2/local/search/keyword.json?query=battery", nil)
	response := httptest.NewRecorder()
	Kakao().ServeHTTP(response, request)
	assert.Equal(t, http.StatusUnauthorized, response.Code)
	request.Header.Set("Authorization", "KakaoAK key")
	response = httptest.NewRecorder()
	Kakao().ServeHTTP(response, request)
	assert.Contains(t, response.Body.String(), "battery center")
}
