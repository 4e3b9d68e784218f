// A SAML 2.0 identity provider on loopback. Who exists, and with which attributes, is read from $ACCOUNTS.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { deflateRawSync } from 'node:zlib';
import samlp from 'samlp';

const { PORT, LISTEN, ACCOUNTS, ACS_URL, KEY, CERT } = process.env;
const origin = `http://127.0.0.1:${PORT}`;
const accounts = () => JSON.parse(readFileSync(ACCOUNTS, 'utf8'));

const profileMapper = (account) => ({
  getClaims: () => account.attributes,
  getNameIdentifier: () => ({ nameIdentifier: account.nameId }),
});
profileMapper.prototype = {};
profileMapper.metadata = [];

const auth = (account) => samlp.auth({
  issuer: `${origin}/metadata`,
  cert: readFileSync(CERT),
  key: readFileSync(KEY),
  destination: ACS_URL,
  recipient: ACS_URL,
  audience: ACS_URL.replace(/acs\/$/, 'metadata/'),
  getPostURL: (audience, dom, req, callback) => callback(null, ACS_URL),
  getUserFromRequest: () => account,
  profileMapper,
});

const cookie = (req) => /login=([^;]+)/.exec(req.headers.cookie || '')?.[1];

createServer(async (req, res) => {
  const url = new URL(req.url, origin);
  if (req.method === 'POST') {
    let body = '';
    for await (const chunk of req) body += chunk;
    const posted = new URLSearchParams(body).get('SAMLRequest');
    if (posted) { // the HTTP-POST binding: from here on as if it had come by HTTP-Redirect
      const packed = deflateRawSync(Buffer.from(posted, 'base64')).toString('base64');
      res.writeHead(302, { Location: `/sso?SAMLRequest=${encodeURIComponent(packed)}` });
      res.end();
      return;
    }
    res.writeHead(302, {
      'Set-Cookie': `login=${encodeURIComponent(new URLSearchParams(body).get('login'))}; Path=/`,
      Location: `/sso${url.search}`,
    });
    res.end();
    return;
  }
  const account = accounts()[decodeURIComponent(cookie(req) || '')];
  res.setHeader('Content-Type', 'text/html');
  if (!account) {
    res.end(`<!doctype html><title>Test IdP</title><h1>Test IdP</h1><form method="post" action="/login${url.search.replaceAll('&', '&amp;')}">
<label>Login <input name="login"></label><button>Log in</button></form>`);
    return;
  }
  req.query = Object.fromEntries(url.searchParams);
  req.get = (name) => req.headers[name.toLowerCase()];
  req.originalUrl = req.url;
  res.set = (name, value) => res.setHeader(name, value);
  res.send = (text) => res.end(text);
  auth(account)(req, res, (error) => { console.error(error); res.statusCode = 500; res.end(String(error)); });
}).listen({ fd: Number(LISTEN) }, () => console.log('ready'));
