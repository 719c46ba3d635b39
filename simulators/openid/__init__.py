"""The simulated デジタル認証アプリ: an OpenID provider whose phones are the simulated cards."""
