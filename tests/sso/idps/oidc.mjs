// An OpenID Connect provider on loopback. Who exists, and with which claims, is read from $ACCOUNTS each time.
import { readFileSync } from 'node:fs';
import { Provider } from 'oidc-provider';

const { PORT, LISTEN, ACCOUNTS, REDIRECT_URI, POST_LOGOUT_URI, BACKCHANNEL_URI } = process.env;
const issuer = `http://127.0.0.1:${PORT}`;
const accounts = () => JSON.parse(readFileSync(ACCOUNTS, 'utf8'));

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'gatehouse',
    client_secret: 'a-client-secret-for-tests',
    require_auth_time: true,  // as docs/sso.md asks: without it no sign-in counts as a fresh one
    redirect_uris: [REDIRECT_URI],
    post_logout_redirect_uris: [POST_LOGOUT_URI],
    backchannel_logout_uri: BACKCHANNEL_URI,
    backchannel_logout_session_required: true,
  }],
  scopes: ['openid', 'profile', 'email', 'groups'],
  claims: {
    openid: ['sub'],
    profile: ['preferred_username', 'given_name', 'family_name', 'oid', 'tid'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  // This one does call loopback addresses.
  fetch: (url, { dispatcher, agent, ...options }) => globalThis.fetch(url, options),
  cookies: { keys: ['not-a-secret'] },
  pkce: { required: () => true },
  findAccount: (ctx, login) => accounts()[login] && {
    accountId: login,
    claims: () => ({ sub: login, ...accounts()[login] }),
  },
  // No consent page: an administrator has granted the application.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile email groups');
    await grant.save();
    return grant;
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
});

const page = (action) => `<!doctype html><title>Test IdP</title><h1>Test IdP</h1>
<form method="post" action="${action}"><label>Login <input name="login"></label><button>Log in</button></form>`;

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = page(ctx.path);
    return undefined;
  }
  let body = '';
  for await (const chunk of ctx.req) body += chunk;
  const accountId = new URLSearchParams(body).get('login');
  return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId } }, { mergeWithLastSubmission: false });
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('backchannel.error', (ctx, error) => console.error('backchannel', error));
provider.listen({ fd: Number(LISTEN) }, () => console.log('ready'));
